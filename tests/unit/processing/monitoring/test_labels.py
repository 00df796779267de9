"""Ground truth joined day by day: whatever the order, lateness and repetition, each request is judged once."""

import base64
import gzip
import json
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.monitoring.captured import Batch
from processing.monitoring.ground_truth import read_label
from processing.monitoring.labels import join
from processing.monitoring.pending import PENDING_FILE
from processing.monitoring.settings import MonitorInputError

FIRST = date(2013, 12, 1)
HORIZON = 3


def batch(ids, day=FIRST, probabilities=None, **columns):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return Batch(
        ids=np.array(ids, dtype=object),
        moments=start + 60.0 * np.arange(len(ids)),
        frame=pd.DataFrame(columns, index=range(len(ids))),
        probabilities=np.array(probabilities or [0.25] * len(ids), dtype=np.float64),
    )


def record(id_, data="1", encoding="CSV"):
    return json.dumps(
        {
            "groundTruthData": {"data": data, "encoding": encoding},
            "eventMetadata": {"eventId": id_},
            "eventVersion": "0",
        }
    )


def collect(root, day, *lines, hour=5, name="labels"):
    folder = root / f"{day:%Y/%m/%d}" / f"{hour:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return root


class Days:
    """Runs day after day, each with the state of the one before."""

    def __init__(self, root, slices=()):
        self.root, self.truth, self.slices, self.state = root, root / "truth", slices, None

    def run(self, day, *batches):
        joined = join(
            batches, ground_truth=self.truth, state=self.state, day=day, slices=self.slices, horizon_days=HORIZON
        )
        self.state = self.root / day.isoformat()
        self.state.mkdir(exist_ok=True)
        joined.state.write(self.state)
        return joined


@pytest.fixture
def days(tmp_path):
    return Days(tmp_path)


def labels_of(joined):
    return dict(zip(joined.labelled.ids, joined.labelled.labels.tolist(), strict=True))


arrivals = st.lists(st.tuples(st.integers(-1, HORIZON), st.integers(0, 23), st.integers(0, 1)), max_size=4)
requests = st.lists(st.tuples(st.integers(0, 4), arrivals), max_size=12)


@settings(max_examples=40, deadline=None)
@given(requests=requests, noise=st.lists(st.integers(-1, 8), max_size=4), shuffled=st.randoms())
def test_every_labelled_request_is_judged_once_with_its_first_label(requests, noise, shuffled):
    collected = [
        (FIRST + timedelta(days=day + delay), hour, f"r{number}", label)
        for number, (day, found) in enumerate(requests)
        for delay, hour, label in found
    ] + [(FIRST + timedelta(days=day), 3, f"nobody-{number}", 1) for number, day in enumerate(noise)]
    shuffled.shuffle(collected)
    collected.sort(key=lambda entry: entry[:2])  # within an hour, the order stays as shuffled
    expected = {}
    for _, _, id_, label in collected:
        if not id_.startswith("nobody"):
            expected.setdefault(id_, label)

    judged, lost = Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        days = Days(Path(folder))
        for number, (day, hour, id_, label) in enumerate(collected):
            collect(days.truth, day, record(id_, str(label)), hour=hour, name=f"{number:04d}")
        answers = {}
        for offset in range(-1, 6 + HORIZON):
            day = FIRST + timedelta(days=offset)
            ids = [f"r{number}" for number, (own, _) in enumerate(requests) if own == offset]
            joined = days.run(day, batch(ids, day))
            judged.update(joined.labelled.ids.tolist())
            answers.update(labels_of(joined))
            lost += joined.counts["expired_requests"]

    assert answers == expected
    assert set(judged.values()) <= {1}
    assert lost == len(requests) - len(expected)
    assert not joined.state.pending


def test_a_repeated_run_finds_and_leaves_the_same(days):
    collect(days.truth, FIRST, record("b"), record("x"))
    first = days.run(FIRST, batch(["a", "b", "c"]))
    written = {file.name: file.read_bytes() for file in days.state.iterdir()}
    days.state = None

    again = days.run(FIRST, batch(["a", "b", "c"]))

    assert labels_of(again) == labels_of(first) == {"b": 1}
    assert {file.name: file.read_bytes() for file in days.state.iterdir()} == written


def test_what_a_request_said_survives_the_wait(tmp_path):
    days = Days(tmp_path, ("origin", "carrier"))
    days.run(FIRST, batch(["ü\n\ud800"[:2], "b"], probabilities=[0.1, 0.3], origin=["JFK", None]))
    collect(days.truth, FIRST + timedelta(days=2), record("b", "0"))
    days.run(FIRST + timedelta(days=1))

    labelled = days.run(FIRST + timedelta(days=2)).labelled

    assert (labelled.probabilities.tolist(), labelled.labels.tolist()) == ([0.3], [0])
    assert labelled.slices.to_dict("records") == [{"origin": "", "carrier": ""}]
    assert datetime.fromtimestamp(labelled.moments[0], tz=UTC).date() == FIRST


def test_labels_that_stay_away_are_seen_on_the_day_they_are_due(days):
    collect(days.truth, FIRST, record("a"))
    next_day = FIRST + timedelta(days=1)

    own = days.run(FIRST, batch(["a", "b", "c"])).counts
    due = days.run(next_day, batch(["d"], next_day)).counts
    collect(days.truth, next_day + timedelta(days=1), record("b"), record("c"), record("d"))
    later = days.run(next_day + timedelta(days=1))

    assert (own["due"], due["due"], due["due_labelled"]) == (0, 3, 1)
    assert (later.counts["due"], later.counts["due_labelled"]) == (1, 1)
    assert sorted(later.labelled.ids) == ["b", "c", "d"]


def test_a_label_waits_one_day_for_its_request(days):
    collect(days.truth, FIRST, record("tomorrow"), record("never"))
    early = days.run(FIRST)
    next_day = FIRST + timedelta(days=1)

    joined = days.run(next_day, batch(["tomorrow"], next_day))

    assert early.counts["early_labels"] == 2
    assert labels_of(joined) == {"tomorrow": 1}
    assert (joined.counts["unmatched_labels"], joined.counts["early_labels"]) == (1, 0)


def test_repetitions_and_broken_lines_are_counted_not_fatal(days):
    collect(
        days.truth, FIRST,
        record("a", "0"), record("a", "1"), "not json", "[]", "{}", record("b", "2"), record("", "1"), record(None),
        '{"groundTruthData": {"data": "1"}, "eventMetadata": {"eventId": 7}}', record("b", "MQ==", "BASE64"),
    )  # fmt: skip

    joined = days.run(FIRST, batch(["a", "b", "a", "n"], probabilities=[0.1, 0.2, 0.9, float("nan")]))

    assert labels_of(joined) == {"a": 0, "b": 1}
    assert joined.labelled.probabilities.tolist() == [0.1, 0.2]
    assert joined.counts["broken_label_lines"] == 7
    assert (joined.counts["repeated_labels"], joined.counts["repeated_requests"]) == (1, 1)
    assert joined.counts["unknown_probabilities"] == 1


def test_rows_of_one_request_get_their_own_labels(days):
    collect(days.truth, FIRST, record("r", "1,0,1"))

    assert labels_of(days.run(FIRST, batch(["r", "r#1", "r#2"]))) == {"r": 1, "r#1": 0, "r#2": 1}


def test_files_of_other_days_are_left_to_their_runs(days):
    collect(days.truth, FIRST + timedelta(days=1), record("a"))

    assert days.run(FIRST, batch(["a"])).counts["judged"] == 0


@pytest.mark.parametrize(
    ("data", "encoding", "labels"),
    [
        ("1", "CSV", (1,)),
        (" 0.0\n", "CSV", (0,)),
        ("1\n0\n", "CSV", (1, 0)),
        ("[1, 0]", "JSON", (1, 0)),
        ('{"label": 1}', "JSON", (1,)),
        (1, "JSON", (1,)),
        (base64.b64encode(b"0,1").decode(), "BASE64", (0, 1)),
        (base64.b64encode(b"[[1]]").decode(), "base64", (1,)),
    ],
)
def test_labels_are_read_in_every_encoding(data, encoding, labels):
    assert read_label({"data": data, "encoding": encoding}) == labels


def test_a_damaged_state_stops_the_run(days):
    days.run(FIRST, batch(["a"]))
    (days.state / PENDING_FILE).write_bytes(gzip.compress(b'{"id": "a"')[:-4])

    with pytest.raises(MonitorInputError, match="state of the run before is damaged"):
        days.run(FIRST + timedelta(days=1))
