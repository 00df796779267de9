import json

import pytest

from pipelines.report.documents import RunFolder
from pipelines.report.verdict import judge


def verdict_of(folder):
    return judge(RunFolder.load(folder))


def test_registered_run_leads_with_the_package_and_the_command_to_approve_it(run_folder):
    verdict = verdict_of(run_folder())

    assert verdict.headline == "flight-delay version 3 waits for your approval."
    assert [figure.label for figure in verdict.figures] == ["ROC AUC", "Log loss", "Cost of errors", "Time"]
    assert verdict.commands[0].line == ".venv/bin/python -m pipelines approve 3"
    assert verdict.reason == ""


def test_failed_run_leads_with_the_reason_and_what_to_do(run_folder, report):
    folder = run_folder("failed")
    verdict = verdict_of(folder)

    assert verdict.headline == "The run failed at step Prepare."
    assert "30.2 % of 26,483 rows were rejected" in verdict.reason
    assert "MaxRejectedFraction" in verdict.advice[0]
    assert verdict.commands[0].line == ".venv/bin/python -m pipelines logs Prepare"
    assert "The run ended at step Prepare, before it could be written." in report(folder).text


def test_rejected_run_names_the_limit_that_was_not_kept(run_folder):
    verdict = verdict_of(run_folder("rejected"))

    assert verdict.kind == "rejected"
    assert verdict.headline == "Not good enough to register: ROC AUC 0.755 (needed: at least 0.78)."


def test_cached_run_says_that_nothing_had_changed(run_folder):
    verdict = verdict_of(run_folder("cached"))

    assert "all 4 cacheable steps came from the cache" in verdict.lede


def test_run_that_never_started_an_execution_still_tells_why(tmp_path):
    summary = {"status": "Failed", "failure_reason": "the local AWS does not answer", "steps": []}
    (tmp_path / "summary.json").write_text(json.dumps(summary))

    verdict = verdict_of(tmp_path)

    assert verdict.headline == "The run failed."
    assert verdict.reason == "the local AWS does not answer"


def test_stopped_run_is_no_failure(run_folder, synthetic):
    folder = run_folder("failed")
    synthetic.write(folder, "summary.json", {"status": "Stopped", "steps": []})
    synthetic.write(folder, "steps.json", [])

    assert verdict_of(folder).kind == "stopped"


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("ClientError: Please ensure … MaxRuntimeInSeconds of 60 exceeded", "time limit"),
        ("AlgorithmError: killed by SIGKILL, exit code: 137", "memory"),
        ("ClientError: No S3 objects found under s3://b/p", "RawDataUri"),
        ("train.parquet is not a readable Parquet file", "schema"),
    ],
)
def test_advice_fits_the_reason(reason, word, run_folder, synthetic):
    folder = run_folder("failed")
    steps = json.loads((folder / "steps.json").read_text())
    steps[0]["failure_reason"] = reason
    synthetic.write(folder, "steps.json", steps)

    assert word in verdict_of(folder).advice[0]
