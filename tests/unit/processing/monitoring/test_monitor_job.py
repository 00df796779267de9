"""The monitor as a job: a process with folders in and files out."""

import base64
import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from tests.captured_traffic import capture_line
from tests.monitored_days import PER_DAY, MonitoredVariant, content

KINDS = ["data-quality", "model-quality", "bias", "attribution"]


def test_a_day_is_judged_by_all_four_kinds(variant: MonitoredVariant):
    variant.serve(0)

    done = variant.run_process(0, "--invocations", f"[{PER_DAY}.0]")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("flights/champion version 1, 2026-01-01\ndata-quality: Completed")
    report = variant.read(0, "report.json")
    assert list(report["monitors"]) == KINDS
    assert {monitor["status"] for monitor in report["monitors"].values()} == {"Completed"}, done.stdout
    assert {monitor["records"] for monitor in report["monitors"].values()} == {PER_DAY}
    assert report["window"] == {"day": "2026-01-01", "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    for kind, monitor in report["monitors"].items():
        for name in monitor["files"]:
            assert variant.read(0, f"{kind}/{name}")
    metrics = variant.metrics(0)
    assert [metrics[kind, "Runs"] for kind in KINDS] == [1, 1, 1, 1]
    assert metrics["data-quality", "CapturedShare"] == 1
    assert 0.5 < metrics["model-quality", "Auc"] < 1
    assert ("", "Failures") not in metrics
    assert variant.read(0, "next.json") == {
        "schema_version": 1,
        "next_day": "2026-01-02",
        "next_prefix": "2026/01/02",
        "state_prefix": "monitoring/flights/champion/2026/01/01/state/",
    }


def test_metrics_are_ready_for_put_metric_data(variant: MonitoredVariant):
    variant.serve(0, rows=60)
    variant.run(0)

    document = variant.read(0, "metrics.json")

    assert document["Namespace"] == "FlightDelay/Monitoring"
    assert 0 < len(document["MetricData"]) <= 150
    for entry in document["MetricData"]:
        assert set(entry) == {"MetricName", "Dimensions", "Value", "Unit"}
        names = [pair["Name"] for pair in entry["Dimensions"]]
        assert names in (["Endpoint", "Variant", "Monitor"], ["Endpoint", "Variant"])
        assert isinstance(entry["Value"], float)
    assert not any(entry["MetricName"] == "CapturedShare" for entry in document["MetricData"])


def test_a_feature_that_is_never_sent_is_found(variant: MonitoredVariant):
    variant.serve(0, change=lambda frame: frame.drop(columns="delay_mean"))

    report = variant.run(0)

    assert report["monitors"]["data-quality"]["status"] == "CompletedWithViolations"
    assert variant.metrics(0)["data-quality", "Violations"] >= 1


def test_a_day_without_requests_is_no_failure(variant: MonitoredVariant):
    report = variant.run(0, "--invocations", "[]")

    assert {monitor["status"] for monitor in report["monitors"].values()} == {"NoData"}
    metrics = variant.metrics(0)
    assert [metrics[kind, name] for kind in KINDS for name in ("Runs", "Violations", "Records")] == [1, 0, 0] * 4


def test_capture_that_stopped_is_found_by_data_quality(variant: MonitoredVariant):
    report = variant.run(0, "--invocations", "[200.0, 12.0]")

    (found,) = variant.violations(0, "data-quality")
    assert found["constraint_check_type"] == "capture_check"
    assert "0.0% of 212 requests" in found["description"]
    assert report["monitors"]["data-quality"]["status"] == "CompletedWithViolations"
    assert variant.metrics(0)["data-quality", "CapturedShare"] == 0


def test_labels_that_are_late_are_no_quality_alarm_and_are_used_once(variant: MonitoredVariant):
    variant.serve(0, labelled_after=3)
    variant.serve(1, labelled_after=2)
    variant.serve(2, labelled_after=None)
    variant.serve(3, labelled_after=None)

    reports = [variant.run(day) for day in range(4)]

    judged = [report["monitors"]["model-quality"]["records"] for report in reports]
    assert judged == [0, 0, 0, 2 * PER_DAY]
    assert reports[0]["monitors"]["model-quality"]["status"] == "NoData"
    assert [found["constraint_check_type"] for found in variant.violations(1, "model-quality")] == [
        "ground_truth_check"
    ]
    assert variant.metrics(1)["model-quality", "LateLabels"] == 1
    assert variant.metrics(1)["model-quality", "Violations"] == 0
    assert variant.metrics(1)["model-quality", "LabelledShare"] == 0


def test_broken_lines_are_counted_and_end_nothing(variant: MonitoredVariant):
    variant.serve(0, rows=60)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for line in ("{", "[]", '{"captureData": 1}', "\x00"):
        variant.append("capture", noon, line)
        variant.append("ground-truth", noon, line)

    report = variant.run(0)

    assert report["counts"]["capture"]["broken_lines"] == 4
    assert report["counts"]["labels"]["broken_label_lines"] == 4
    assert report["monitors"]["model-quality"]["records"] == 60


def test_capture_that_cannot_be_read_counts_as_not_captured(variant: MonitoredVariant):
    for minute in range(60):
        variant.append("capture", datetime(2026, 1, 1, 12, minute, tzinfo=UTC), "{")

    variant.run(0, "--invocations", "[60]")

    assert [found["constraint_check_type"] for found in variant.violations(0, "data-quality")] == ["capture_check"]


@pytest.mark.parametrize(
    ("kind", "file", "text"),
    [
        ("data-quality", "baseline/constraints.json", "{"),
        ("model-quality", "evaluation/model_quality_constraints.json", "[]"),
        ("data-quality", "baseline/statistics.json", '{"features": 1}'),
        ("bias", "evaluation/bias_constraints.json", '{"post_training_bias_metrics": 3}'),
        ("attribution", "evaluation/attribution_constraints.json", '{"explanations": 1}'),
    ],
)
def test_one_kinds_broken_baseline_stops_no_other_kind(variant: MonitoredVariant, kind: str, file: str, text: str):
    variant.serve(0, rows=60)
    (variant.root / file).write_text(text)

    report = variant.run(0)

    failed = {name for name, monitor in report["monitors"].items() if monitor["status"] == "Failed"}
    assert failed == {kind}
    assert report["monitors"][kind]["failure_reason"]
    metrics = variant.metrics(0)
    assert metrics["", "Failures"] == 1
    assert (kind, "Runs") not in metrics
    assert not (variant.output(0) / kind).exists() or not list((variant.output(0) / kind).iterdir())


def test_a_job_in_which_every_kind_fails_fails_and_writes_nothing(variant: MonitoredVariant):
    variant.serve(0, rows=60)
    shutil.rmtree(variant.root / "baseline")

    done = variant.run_process(0, "--kinds", "data-quality")

    assert done.returncode == 1
    assert "no statistics.json" in done.stderr
    assert "DriftCheckBaselines" in done.stderr
    assert "Traceback" not in done.stderr
    assert (variant.root / "message").read_text() == done.stderr.strip()
    assert not list(variant.output(0).glob("*"))


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--kinds", "data-qualty"), "did you mean 'data-quality'?"),
        (("--kinds", ""), "allowed: data-quality, model-quality, bias, attribution"),
        (("--day", "2026-02-30"), "expected YYYY-MM-DD"),
        (("--day", "01.02.2026"), "expected YYYY-MM-DD"),
        (("--invocations", "many"), "expected JSON such as [812.0]"),
        (("--source", "transforms"), "did you mean 'transform'?"),
        (("--endpoint", "a/b"), "expected letters, digits and hyphens"),
        (("--label-wait-days", "9"), "expected 0 ≤ wait ≤ horizon"),
        (("--captured-share", "90"), "expected a share, 0 to 1"),
        (("--model-dir", "/nowhere"), "no model.tar.gz"),
        (("--capture-dir", "/nowhere"), "--capture-dir /nowhere does not exist"),
    ],
)
def test_a_bad_input_is_told_where_it_is_looked_for(variant: MonitoredVariant, flags: tuple[str, ...], reason: str):
    assert reason in variant.run(0, *flags, expect=1)["reason"]
    assert not (variant.output(0) / "next.json").exists()


def test_a_damaged_model_fails_the_job(variant: MonitoredVariant):
    (variant.root / "model" / "model.tar.gz").write_bytes(b"no archive")

    assert "is not a readable tar.gz" in variant.run(0, expect=1)["reason"]


def test_a_state_of_this_day_or_another_variant_is_refused(variant: MonitoredVariant):
    variant.serve(0, rows=30)
    variant.run(0)

    assert "would count twice; give the state after 2025-12-31" in variant.run(0, expect=1, state=0)["reason"]
    assert "is the state of flights/champion" in variant.run(1, "--variant", "challenger", expect=1)["reason"]


def test_a_damaged_state_fails_the_job_for_going_on_would_lose_requests(variant: MonitoredVariant):
    variant.serve(0, rows=30, labelled_after=None)
    variant.run(0)
    (variant.output(0) / "state" / "pending.jsonl.gz").write_bytes(b"\x1f\x8bbroken")

    assert "damaged" in variant.run(1, expect=1)["reason"]


def test_a_repeated_run_replaces_its_own_files_and_no_others(variant: MonitoredVariant):
    variant.serve(0, rows=60)
    variant.run(0)
    before = content(variant.output(0))
    (variant.output(0) / "note.txt").write_text("mine")

    variant.run(0)

    assert content(variant.output(0)) == before | {"note.txt": b"mine"}
    variant.run(0, "--kinds", "bias")
    assert sorted(path.name for path in variant.output(0).iterdir()) == sorted(
        ["bias", "state", "report.json", "metrics.json", "next.json", "note.txt"]
    )


def test_a_killed_run_leaves_nothing_or_everything_and_its_repetition_is_the_same(variant: MonitoredVariant):
    variant.serve(0)
    variant.serve(1)
    variant.run(0)
    variant.run(1)
    expected = content(variant.output(1))
    shutil.rmtree(variant.output(1))

    for seconds in (0.3, 1.0, 1.6, 2.2):
        variant.run_and_kill(1, seconds)
        visible = {path.name for path in variant.output(1).glob("*") if not path.name.startswith(".")}
        assert not visible or content(variant.output(1)).keys() >= expected.keys()
    variant.run(1)

    assert content(variant.output(1)) == expected


def test_an_answer_of_another_version_is_not_this_versions(variant: MonitoredVariant):
    variant.serve(0, rows=40)

    report = variant.run(0, "--model-version", "2", "--invocations", "[40]")

    assert report["counts"]["capture"]["other_versions"] == 40
    assert report["monitors"]["data-quality"]["status"] == "NoData"


def test_batch_transform_output_is_monitored_too(variant: MonitoredVariant):
    frame = variant.serve(5, rows=60)
    scores = variant.model.predict(frame)
    lines = []
    for file in sorted(variant.folder("capture", 5).rglob("*.jsonl")):
        for line in file.read_text().splitlines():
            data = json.loads(line)["captureData"]["endpointInput"]["data"]
            lines.append(json.loads(data))
    folder = variant.folder("capture", 0)
    folder.mkdir(parents=True)
    with (folder / "schedule.jsonl.out").open("w") as stream:
        for row, score in zip(lines, scores, strict=True):
            answer = {"probability": float(score), "label": 0, "model_version": "1"}
            stream.write(json.dumps({**row, "SageMakerOutput": {"predictions": [answer]}}) + "\n")
    for row, label in zip(lines, frame["label"], strict=True):
        variant.label(row["flight_id"], int(label), datetime(2026, 1, 1, 20, tzinfo=UTC))

    report = variant.run(0, "--source", "transform")

    assert report["source"] == "transform"
    assert report["monitors"]["data-quality"]["records"] == 60, report
    assert report["monitors"]["model-quality"]["records"] == 60, report


def test_base64_payloads_are_read(variant: MonitoredVariant):
    variant.serve(0, rows=5)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    row = {"flight_id": "b", "delay_mean": 1.0, "wind": 2.0, "hour": 9, "carrier": "AA", "origin": "JFK"}
    line = capture_line(row, 0.5, noon, encoding="BASE64")
    assert base64.b64encode(json.dumps(row).encode()).decode() in line
    variant.append("capture", noon, line)
    variant.append("capture", noon + timedelta(hours=1), capture_line(row, 0.5, noon, inference_id="smoke-1"))

    report = variant.run(0)

    assert report["monitors"]["data-quality"]["records"] == 6
    assert report["counts"]["capture"]["smoke"] == 1


def test_labels_of_an_earlier_versions_answers_judge_no_later_version(variant: MonitoredVariant):
    variant.serve(0, rows=60, labelled_after=2)
    variant.serve(1, rows=40, labelled_after=1)
    captured = variant.folder("capture", 1)
    for file in captured.rglob("*.jsonl"):
        file.write_text(file.read_text().replace('\\"model_version\\": \\"1\\"', '\\"model_version\\": \\"2\\"'))
    variant.run(0)
    variant.run(1, "--model-version", "2")

    report = variant.run(2, "--model-version", "2")

    assert report["counts"]["labels"]["judged"] == 100
    assert report["counts"]["labels"]["judged_of_earlier_versions"] == 60
    assert report["monitors"]["model-quality"]["records"] == report["monitors"]["bias"]["records"] == 40
    state = variant.read(2, "state/state.json")
    assert (state["model_version"], state["served_since"]) == ("2", "2026-01-02")
