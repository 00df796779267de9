"""The command line from end to end against a running local AWS, on an execution that fails at once."""

import json

import pytest

from pipelines import run_folder, targets
from pipelines.__main__ import main

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def same_local_aws(local_aws, tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "_start_local_aws", lambda _platform: local_aws.environment)
    monkeypatch.setenv("PLATFORM", "sandbox")
    monkeypatch.setattr(run_folder, "RUNS", tmp_path / "runs")


@pytest.fixture
def cli(capsys):
    """Run a verb; return its exit code, what it printed and its errors."""

    def run(*arguments):
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def failed(cli, bucket):
    """A pipeline that was upserted and an execution of it that failed for want of data."""
    assert cli("upsert")[0] == 0
    code, printed, errors = cli("start", "--wait", f"RawDataUri=s3://{bucket}/nothing")
    assert code == 1
    assert "No S3 objects found" in errors
    return printed.splitlines()[0]


def test_upserting_twice_changes_nothing(cli):
    cli("upsert")

    code, printed, _ = cli("upsert")

    assert code == 0
    assert "unchanged; 0 code bundles uploaded" in printed


def test_a_failed_execution_can_be_looked_into(cli, failed):
    assert failed in cli("status")[1]
    assert "status: Failed" in cli("status", "--execution", failed)[1]
    assert "Prepare            Processing     Failed" in cli("steps")[1]
    assert failed.rpartition("/")[2] in cli("list")[1]
    assert cli("logs")[0] == 1
    assert "already over" in cli("stop")[1]


def test_following_a_failed_execution_fails(cli, failed):
    code, _, errors = cli("wait", "--execution", failed.rpartition("/")[2])

    assert code == 1
    assert errors.startswith("error: step Prepare ended the execution as Failed")
    assert "hint: check the parameter RawDataUri" in errors


def test_a_run_that_fails_leaves_its_summary_and_report(cli, bucket):
    code, printed, errors = cli("run", f"RawDataUri=s3://{bucket}/nothing")

    latest = run_folder.RUNS / "latest"
    summary = json.loads((latest / "summary.json").read_text())
    assert code == 1
    assert summary["status"] == "Failed"
    assert summary["model_package_arn"] is None
    assert "No S3 objects found" in summary["failure_reason"]
    assert "No S3 objects found" in errors
    assert "report.html" in printed
    assert (latest / "report.html").is_file()


def test_a_run_with_a_misspelt_parameter_leaves_a_summary_too(cli):
    code, _, errors = cli("run", "RawDataURI=s3://b/x")

    assert code == 2
    assert "did you mean RawDataUri?" in errors
    assert json.loads((run_folder.RUNS / "latest" / "summary.json").read_text())["status"] == "Failed"


def test_approving_an_unknown_version_is_a_usage_error(cli):
    code, _, errors = cli("approve", "4711")

    assert code == 2
    assert "no model package 4711" in errors
