"""The judge as a job: folders in, verdict.json and verdict.svg out."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from processing.__main__ import main
from tests.captured_traffic import PER_DAY, START, append, archive, capture_line, label_line, write_traffic
from tests.prepared_data import SPEC

WEAK = replace(
    SPEC,
    features=tuple(feature for feature in SPEC.features if feature.name != "delay_mean"),
    metadata=(*SPEC.metadata, "delay_mean"),
)
DAYS = 8


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A champion that lacks the best feature, a challenger that has it, and eight days of traffic."""
    root = tmp_path_factory.mktemp("released")
    models = {"champion": archive(root / "champion" / "v1", WEAK), "challenger": archive(root / "challenger")}
    write_traffic(root, models, days=DAYS, share=lambda day: 0.25 if day < 3 else 0.5)
    return root


@pytest.fixture
def root(released: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(released, tmp_path, dirs_exist_ok=True)
    return tmp_path


def judge(root: Path, *, days: float = DAYS + 1, expect: int = 0, extra: tuple[str, ...] = (), **plan: object) -> dict:
    (root / "plan").mkdir(exist_ok=True)
    (root / "plan" / "plan.json").write_text(json.dumps({"experiment": "release-v2", **plan}))
    flags = [
        part
        for name in ("capture", "ground-truth", "champion", "challenger", "plan", "metrics", "previous")
        for part in (f"--{name}-dir", str(root / name))
    ]
    now = (START + timedelta(days=days)).isoformat()
    message = ("--message-file", str(root / "message"))
    code = main(["judge-experiment", *flags, "--output-dir", str(root / "out"), "--now", now, *message, *extra])
    assert code == expect
    return json.loads((root / "out" / "verdict.json").read_text()) if not code else {}


def test_a_better_challenger_is_promoted_by_the_paired_comparison(root: Path):
    verdict = judge(root)

    assert (verdict["verdict"], verdict["decided_by"]) == ("promote", "quality")
    assert verdict["quality"]["upper"] < 0
    assert verdict["quality"]["requests"] == DAYS * PER_DAY
    assert [entry["requests"] for entry in verdict["quality"]["sequence"]] == [PER_DAY] * DAYS
    assert verdict["sample_ratio"]["status"] == "ok"
    assert [each["challenger_share"] for each in verdict["sample_ratio"]["stretches"]] == [0.25, 0.5]
    assert verdict["serving_parity"]["largest_difference"] < 1e-6
    assert {guardrail["status"] for guardrail in verdict["guardrails"]} <= {"ok", "not_measured"}
    counted = verdict["variants"]
    assert counted["champion"]["requests"] + counted["challenger"]["requests"] == DAYS * PER_DAY


def test_the_verdict_is_small_and_its_picture_is_well_formed(root: Path):
    judge(root)

    assert (root / "out" / "verdict.json").stat().st_size < 64_000
    picture = ET.parse(root / "out" / "verdict.svg").getroot()
    assert "promote" in picture.attrib["aria-label"]


def test_the_same_models_the_other_way_round_are_a_worse_challenger(root: Path):
    (root / "champion").rename(root / "old")
    (root / "challenger").rename(root / "champion")
    (root / "old").rename(root / "challenger")
    (root / "capture" / "champion").rename(root / "capture" / "old")
    (root / "capture" / "challenger").rename(root / "capture" / "champion")
    (root / "capture" / "old").rename(root / "capture" / "challenger")

    verdict = judge(root)

    assert verdict["verdict"] == "abandon"
    assert verdict["quality"]["estimate"] > 0


def test_only_closed_days_decide(root: Path):
    early = judge(root, days=2.4)

    assert early["quality"]["days"] == 1
    assert early["verdict"] == "continue"
    assert judge(root, days=2.5)["quality"]["days"] == 2


def test_an_equal_challenger_is_neither_promoted_nor_harmful(root: Path):
    shutil.rmtree(root / "champion")
    shutil.copytree(root / "challenger", root / "champion")

    verdict = judge(root)

    # The champion's answers come from another model than the archive: that is told, too.
    assert not verdict["serving_parity"]["is_faithful"]
    assert verdict["quality"]["estimate"] == 0
    assert verdict["verdict"] != "promote"


def test_a_proven_challenger_waits_until_it_has_served_enough(root: Path):
    verdict = judge(root, minimum_challenger_requests=100_000)

    assert (verdict["verdict"], verdict["decided_by"]) == ("continue", "none")
    assert "waits for 100000 requests answered by the challenger" in verdict["reasons"][1]
    assert verdict["ramp"] == "advance"


def test_a_ramp_holds_until_its_step_has_seen_enough(root: Path):
    assert judge(root, days=1.0, minimum_requests_per_step=1_000_000)["ramp"] == "hold"


def test_ground_truth_that_never_comes_ends_the_experiment_in_time(root: Path):
    shutil.rmtree(root / "ground-truth")

    waiting, over = judge(root, days=5), judge(root, maximum_days=7)

    assert waiting["verdict"] == "continue"
    assert (over["verdict"], over["decided_by"]) == ("abandon", "maximum_duration")
    assert over["variants"]["champion"]["labelled"] == 0
    assert over["variants"]["champion"]["unlabelled_in_closed_days"] > 0


def test_labels_after_the_days_end_change_nothing(root: Path):
    before = judge(root)["quality"]
    for place in range(PER_DAY):
        append(root / "ground-truth", START + timedelta(days=7), label_line(f"d0-{place}", 1))

    after = judge(root)

    assert after["quality"] == before
    assert after["data"]["late_labels"] == PER_DAY


def test_of_several_labels_in_time_the_last_collected_counts(root: Path):
    for hour, label in ((20, 1), (21, 0)):
        for place in range(PER_DAY):
            append(root / "ground-truth", START + timedelta(hours=hour + 9), label_line(f"d0-{place}", label))

    verdict = judge(root, days=1.6)

    rates = {name: verdict["variants"][name]["base_rate"] for name in ("champion", "challenger")}
    assert rates == {"champion": 0.0, "challenger": 0.0}


def test_broken_lines_duplicates_and_smoke_tests_are_counted_and_left_out(root: Path):
    before = judge(root)["quality"]
    moment, folder = START + timedelta(hours=3), root / "capture" / "champion"
    row = {"flight_id": "d0-1", "delay_mean": 1.0, "wind": None, "hour": 9, "carrier": "AA", "origin": "JFK"}
    for line in ("{", '"text"', "{}", capture_line(row, 1.5, moment), capture_line({**row, "hour": None}, 0.5, moment)):
        append(folder, moment, line)
    append(folder, moment, capture_line(row, 0.5, moment, inference_id="smoke-1"))
    append(folder, moment, capture_line({**row, "flight_id": "odd", "hour": "soon"}, 0.5, moment))

    verdict = judge(root)

    assert verdict["data"]["broken_lines"] == 4
    assert verdict["data"]["smoke"] == 1
    assert verdict["data"]["duplicates"] == 1
    assert verdict["data"]["unscorable"] == 1
    assert verdict["quality"]["requests"] == before["requests"]


def test_requests_before_the_start_and_of_other_experiments_do_not_count(root: Path):
    moment = START + timedelta(days=3)
    row = {"flight_id": "other", "delay_mean": 1.0, "wind": None, "hour": 9, "carrier": "AA", "origin": "JFK"}
    append(root / "capture" / "champion", moment, capture_line(row, 0.5, moment, attributes="experiment=release-v1"))

    verdict = judge(root, extra=("--started-at", (START + timedelta(days=2, hours=12, minutes=30)).isoformat()))

    assert 0 < verdict["data"]["before_start"] < PER_DAY // 12
    assert verdict["data"]["other_experiments"] == 1
    assert verdict["data"]["first_request"].startswith("2026-01-03T12")


def test_requests_lost_by_the_challenger_are_a_sample_ratio_mismatch(root: Path):
    for file in (root / "capture" / "challenger").rglob("*.jsonl"):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(lines[: len(lines) // 2]))

    verdict = judge(root)

    assert (verdict["verdict"], verdict["decided_by"]) == ("abandon", "sample_ratio")
    assert verdict["sample_ratio"]["p_value"] < 0.001


def test_errors_and_slow_answers_are_guardrails(root: Path):
    def series(name: str, *values: float) -> dict:
        return {"Id": name, "Timestamps": ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"], "Values": list(values)}

    quick, slow = (20_000, 25_000), (700_000, 800_000)
    (root / "metrics").mkdir()
    (root / "metrics" / "metrics.json").write_text(
        json.dumps(
            {
                "look": 4,
                "MetricDataResults": [
                    series("champion_invocations", 1000, 1000),
                    series("challenger_invocations", 300, 300),
                    series("challenger_errors_5xx", 20, 30),
                    series("champion_latency_p99", *quick),
                    series("challenger_latency_p50", *quick),
                    series("challenger_latency_p90", *slow),
                    series("challenger_latency_p99", *slow),
                    series("something_else", 1, 2),
                ],
            }
        )
    )

    verdict = judge(root)

    guardrails = {guardrail["name"]: guardrail for guardrail in verdict["guardrails"]}
    assert verdict["verdict"] == "abandon"
    assert guardrails["error_rate"]["status"] == "harm"
    assert guardrails["latency_p99"]["status"] == "harm"
    assert len(verdict["reasons"]) == 2
    assert verdict["look"] == 4
    assert verdict["variants"]["challenger"]["errors"] == 50


def test_unreadable_metrics_are_not_measured_and_told(root: Path):
    (root / "metrics").mkdir()
    (root / "metrics" / "metrics.json").write_text('{"MetricDataResults": [3]}')

    verdict = judge(root)

    assert "not an answer of GetMetricData" in verdict["data"]["metrics_problem"]
    assert verdict["verdict"] == "promote"


def test_looks_are_counted_from_the_earlier_verdicts(root: Path):
    for number in (1, 10, 2):
        (root / "previous" / str(number)).mkdir(parents=True)
        (root / "previous" / str(number) / "verdict.json").write_text(json.dumps({"look": number}))

    assert judge(root)["look"] == 11


def test_no_traffic_at_all_is_an_honest_continue(root: Path):
    shutil.rmtree(root / "capture")

    verdict = judge(root)

    assert verdict["verdict"] == "continue"
    assert verdict["quality"]["days"] == 0
    assert (root / "out" / "verdict.svg").read_text().count("no closed day has ground truth yet") >= 2


def test_encodings_and_forms_of_requests_are_read_alike(root: Path):
    before = judge(root)["quality"]["requests"]
    moment = START + timedelta(days=2)
    row = {"flight_id": "x1", "delay_mean": 1.0, "wind": None, "hour": 9, "carrier": "AA", "origin": "JFK"}
    line = json.loads(capture_line({**row, "flight_id": "x2"}, 0.5, moment))
    record = line["captureData"]
    record["endpointInput"] |= {"observedContentType": "text/csv", "encoding": "CSV", "data": "1.5,,9,AA\n2,3,10,B6\n"}
    record["endpointOutput"] |= {"observedContentType": "text/csv", "encoding": "CSV", "data": "0.5,1,7\n0.25,0,7\n"}
    for text in (json.dumps(line), capture_line(row, 0.5, moment, encoding="BASE64")):
        append(root / "capture" / "challenger", moment, text)
    for request, label in (("x1", 1), ("x2", "0,1")):
        append(root / "ground-truth", moment, label_line(request, label))

    verdict = judge(root)

    assert verdict["data"]["unscorable"] == 0
    assert verdict["quality"]["requests"] == before + 3


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"alpha": 0.9}, "alpha is 0.9; allowed is a number above 0 and below 0.5"),
        ({"comparison": "both"}, "comparison is 'both'; allowed are paired, split"),
        ({"alfa": 0.05}, "'alfa' is not known"),
        ({"guardrails": {"errors": 1}}, "guardrails: 'errors' is not known"),
    ],
)
def test_an_unusable_plan_fails_with_the_reason(root: Path, plan: dict, message: str):
    judge(root, expect=1, **plan)

    assert message in (root / "message").read_text()


def test_a_missing_archive_fails_with_the_reason(root: Path):
    shutil.rmtree(root / "challenger")

    judge(root, expect=1)

    assert "challenger: no model.tar.gz below" in (root / "message").read_text()
