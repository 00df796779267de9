import json
from datetime import UTC, datetime
from pathlib import Path

from pipeline_fakes import ARN, FakePaginator, FakeSageMaker, made, step, trial

from pipelines.executions import Executions
from pipelines.resources import Resources
from pipelines.run_folder import new_run_folder, write_failed_run, write_json, write_run

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PREFIX = "arn:aws:sagemaker:us-east-1:123456789012:"
SUCCEEDED = [
    step("Prepare", "Succeeded", 0, 5, **made("ProcessingJob", f"{PREFIX}processing-job/p")),
    step("Tune", "Succeeded", 5, 45, **made("TuningJob", f"{PREFIX}hyper-parameter-tuning-job/tuner")),
    step("Evaluate", "Succeeded", 45, 50, **made("ProcessingJob", f"{PREFIX}processing-job/e")),
    step("QualityGate", "Succeeded", 50, 50, Metadata={"Condition": {"Outcome": "True"}}),
    step("RegisterModel", "Succeeded", 50, 51, **made("RegisterModel", f"{PREFIX}model-package/flight-delay/1")),
]
EVALUATION = {
    "metrics": {
        "test": {"auc": 0.75, "log_loss": 0.28, "brier": 0.08, "base_rate": 0.1, "rows": 100},
        "validation": {"auc": 0.78, "log_loss": 0.25, "brier": 0.07, "base_rate": 0.09},
    }
}


OBJECTS = {
    "evaluation/evaluation.json": json.dumps(EVALUATION),
    "evaluation/plots/roc.svg": "<svg/>",
    "report/data_report.json": "{}",
    "specification/feature_spec.json": "{}",
}


class FakeS3:
    """Holds the outputs of the jobs."""

    def get_paginator(self, _operation):
        return self

    def paginate(self, *, Bucket, Prefix):
        keys = [key for key in OBJECTS if key.startswith(Prefix)]
        return FakePaginator("Contents", [{"Key": key} for key in keys]).paginate()

    def download_file(self, _bucket, key, path):
        Path(path).write_text(OBJECTS[key])


class FakeTarget:
    name = "local"
    resources = Resources.example()

    def __init__(self, sagemaker):
        self.sagemaker = sagemaker

    def client(self, service):
        return {"sagemaker": self.sagemaker, "s3": FakeS3()}[service]


def write(folder, steps, **more):
    sagemaker = FakeSageMaker(steps, trials=[trial("t-1", value=0.26), trial("t-2", value=0.25, end=30)], **more)
    state = Executions(sagemaker).state(ARN)
    return write_run(FakeTarget(sagemaker), state, folder, budget="default", seconds_total=61.23456)


def test_the_summary_tells_status_model_steps_and_metrics(tmp_path):
    summary = write(tmp_path, SUCCEEDED, status="Succeeded")

    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert summary["status"] == "Succeeded"
    assert summary["pipeline_execution_arn"] == ARN
    assert summary["model_package_arn"] == f"{PREFIX}model-package/flight-delay/1"
    assert [step["name"] for step in summary["steps"]] == [step["StepName"] for step in SUCCEEDED]
    assert summary["steps"][0] == {
        "name": "Prepare",
        "type": "Processing",
        "status": "Succeeded",
        "seconds": 5.0,
        "cache_hit": False,
    }
    assert summary["metrics"]["test"] == {"auc": 0.75, "log_loss": 0.28, "brier": 0.08, "base_rate": 0.1, "rows": 100}
    assert summary["verdict"] == "registered"
    assert summary["model_approval_status"] == "PendingManualApproval"
    assert summary["seconds_total"] == 61.235
    assert summary["parameters"] == {"MinAuc": "0.75"}
    assert summary["failure_reason"] is None


def test_the_best_trial_is_the_one_with_the_least_loss(tmp_path):
    summary = write(tmp_path, SUCCEEDED, status="Succeeded")

    assert (summary["best_trial"]["name"], summary["best_trial"]["seconds"]) == ("t-2", 30.0)


def test_the_folder_holds_what_the_report_is_made_of(tmp_path):
    write(tmp_path, SUCCEEDED, status="Succeeded")

    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "data_report.json",
        "definition.json",
        "evaluation/evaluation.json",
        "evaluation/plots/roc.svg",
        "execution.json",
        "feature_spec.json",
        "steps.json",
        "summary.json",
        "tuning.json",
    }


def test_a_failed_execution_leaves_its_reason(tmp_path):
    failed = step("Prepare", "Failed", 0, 2, FailureReason="AlgorithmError: 30 % bad rows")
    summary = write(tmp_path, [failed], status="Failed")

    assert summary["status"] == "Failed"
    assert summary["failure_reason"] == "step Prepare ended the execution as Failed: AlgorithmError: 30 % bad rows"
    assert summary["model_package_arn"] is None
    assert summary["verdict"] == "failed"
    assert summary["metrics"] == {"test": {}, "validation": {}}


def test_a_gate_that_refuses_is_told_from_a_failure(tmp_path):
    refused = step("QualityGateFailed", "Failed", 50, 50, FailureReason="AUC too low")

    assert write(tmp_path, [*SUCCEEDED[:4], refused], status="Failed")["verdict"] == "rejected"


def test_steps_tell_what_they_waited_for(tmp_path):
    write(tmp_path, SUCCEEDED, status="Succeeded")

    steps = {step["name"]: step for step in json.loads((tmp_path / "steps.json").read_text())}
    assert steps["RegisterModel"]["depends_on"] == ["QualityGate"]
    assert steps["Prepare"]["start"] == "2026-01-02T03:04:05+00:00"


def test_a_run_from_the_cache_says_so(tmp_path):
    hit = {"CacheHitResult": {"SourcePipelineExecutionArn": ARN}}
    steps = [found | hit if found["StepName"] in {"Prepare", "Tune", "Evaluate"} else found for found in SUCCEEDED]

    assert write(tmp_path, steps, status="Succeeded")["all_cacheable_steps_cached"]
    assert not write(tmp_path, SUCCEEDED, status="Succeeded")["all_cacheable_steps_cached"]


def test_the_latest_run_is_linked(tmp_path):
    first = new_run_folder(NOW, tmp_path)
    second = new_run_folder(NOW, tmp_path)

    assert first != second
    assert (tmp_path / "latest").resolve() == second


def test_a_number_that_json_does_not_know_becomes_null(tmp_path):
    write_json(tmp_path / "x.json", {"value": float("nan"), "time": NOW})

    assert json.loads((tmp_path / "x.json").read_text()) == {"value": None, "time": "2026-01-02T03:04:05+00:00"}


def test_a_run_that_never_started_leaves_a_summary_too(tmp_path):
    write_failed_run(tmp_path, target="local", arn=None, reason="no local AWS", seconds_total=0.5)

    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["status"], summary["failure_reason"]) == ("Failed", "no local AWS")
