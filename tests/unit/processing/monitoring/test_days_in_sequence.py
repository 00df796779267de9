"""However labels come and whatever run is repeated, each label is judged once."""

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from processing.monitor import main
from tests.monitored_days import FIRST, MonitoredVariant, content

DAYS, PER_DAY, WAIT, HORIZON = 4, 12, 1, 2
NEVER = 99
DELAYS = st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, NEVER]), min_size=DAYS * PER_DAY, max_size=DAYS * PER_DAY)


@pytest.fixture(scope="module")
def served(served_baselines: Path, tmp_path_factory: pytest.TempPathFactory) -> MonitoredVariant:
    """Days of requests, without a label."""
    root = tmp_path_factory.mktemp("days") / "days"
    shutil.copytree(served_baselines, root, ignore=shutil.ignore_patterns("prepared", "training"))
    variant = MonitoredVariant(root)
    for day in range(DAYS):
        variant.serve(day, rows=PER_DAY, labelled_after=None)
    return variant


def run(variant: MonitoredVariant, day: int) -> dict:
    flags = ["--kinds", "model-quality", "--label-wait-days", str(WAIT), "--label-horizon-days", str(HORIZON)]
    assert main([*variant.command(day)[4:], *flags], {}) == 0
    return variant.read(day, "report.json")


@given(
    delays=DELAYS,
    repeated=st.sets(st.integers(0, DAYS + HORIZON - 1)),
    twice=st.sets(st.integers(0, DAYS * PER_DAY - 1), max_size=8),
    seed=st.integers(0, 9),
)
# An example is up to twelve runs: a failing one is not worth minutes of shrinking.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_each_label_is_judged_once(
    served: MonitoredVariant, delays: list[int], repeated: set[int], twice: set[int], seed: int
):
    for kind in ("ground-truth", "monitoring"):
        shutil.rmtree(served.root / kind, ignore_errors=True)
    midnight = datetime.combine(FIRST, datetime.min.time(), UTC)
    lines = []
    for place, delay in enumerate(delays):
        day, row = divmod(place, PER_DAY)
        if delay < NEVER:
            collected = midnight + timedelta(days=day + delay, hours=row)
            lines.append((f"d{day}-{row}", place % 2, collected))
            if place in twice:
                lines.append((f"d{day}-{row}", place % 2, collected + timedelta(hours=30)))
    random.Random(seed).shuffle(lines)
    for line in lines:
        served.label(*line)

    judged = []
    for day in range(DAYS + HORIZON):
        report = run(served, day)
        if day in repeated:
            before = content(served.output(day))
            run(served, day)
            assert content(served.output(day)) == before
        judged.append(report["monitors"]["model-quality"]["records"])

    expected = [0] * (DAYS + HORIZON)
    for place, delay in enumerate(delays):
        if delay <= HORIZON:
            expected[place // PER_DAY + delay] += 1
    assert judged == expected
    last = served.read(DAYS + HORIZON - 1, "report.json")
    assert last["counts"]["labels"]["pending"] == 0
