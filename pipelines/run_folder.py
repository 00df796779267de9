"""Write what an execution leaves behind into the run's folder: the summary, and everything the report is made of."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines import run_records
from pipelines.bundle import ROOT
from pipelines.executions import Executions, ExecutionState
from pipelines.following import failure_text
from pipelines.names import PIPELINE_NAME
from pipelines.s3_uri import download_folder
from pipelines.targets import Target

RUNS = ROOT / ".local" / "runs"
_EVALUATION = Path("evaluation") / "evaluation.json"
# Which file of which step's output the folder keeps at its top.
_FILES = (("Prepare", "report", "data_report.json"), ("Prepare", "specification", "feature_spec.json"))


def new_run_folder(now: datetime, runs: Path | None = None) -> Path:
    """Make a folder for a run, by default below .local/runs, and let `latest` beside it point to it."""
    runs = runs or RUNS
    name = now.strftime("%Y%m%dT%H%M%SZ")
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    folder = next(runs / candidate for candidate in names if not (runs / candidate).exists())
    folder.mkdir(parents=True)
    latest = runs / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(folder.name)
    return folder


def write_run(
    target: Target,
    state: ExecutionState,
    folder: Path,
    *,
    budget: str,
    seconds_total: float,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the run's files and return the summary, which also says what `more` says."""
    executions = Executions(target.client("sagemaker"))
    definition = executions.definition(state.arn)
    (folder / "definition.json").write_text(definition)
    collect_outputs(target, state, folder)
    tuning = _tuning(target, executions, state)
    parameters = _parameters(executions, state.arn, definition)
    summary = run_records.plain(
        {
            **_head(target.name, state.arn, seconds_total),
            "status": state.status,
            "failure_reason": None if state.status == "Succeeded" else failure_text(state),
            "started_at": state.started,
            "ended_at": state.ended,
            **_package(target, state),
            "budget": budget,
            "region": target.resources.region,
            "steps": run_records.step_summaries(state),
            "all_cacheable_steps_cached": run_records.all_cached(state, definition),
            "metrics": run_records.split_metrics(_read_json(folder / _EVALUATION)),
            "best_trial": tuning.get("best"),
            "definition_sha256": hashlib.sha256(definition.encode()).hexdigest(),
            "data_version": parameters.get("DataVersion"),
            "git_commit": parameters.get("GitCommit"),
            "parameters": parameters,
            **(more or {}),
        }
    )
    write_json(folder / "steps.json", run_records.step_records(state, definition))
    write_json(folder / "tuning.json", tuning)
    write_json(folder / "execution.json", _execution(state, parameters))
    write_json(folder / "summary.json", summary)
    return dict(summary)


def write_failed_run(folder: Path, *, target: str, arn: str | None, reason: str, seconds_total: float) -> None:
    """Write the summary of a run that never came to the end of an execution."""
    nothing: dict[str, Any] = {"model_package_arn": None, "steps": [], "metrics": run_records.split_metrics(None)}
    failure = {"status": "Failed", "verdict": "failed", "failure_reason": reason}
    write_json(folder / "summary.json", _head(target, arn, seconds_total) | failure | nothing)


def collect_outputs(target: Target, state: ExecutionState, folder: Path) -> None:
    """Download the evaluation, the data report and the feature specification, as far as the execution came."""
    _download(target, state, "Evaluate", "evaluation", folder / _EVALUATION.parent)
    for step, output, name in _FILES:
        _download(target, state, step, output, folder / output)
        if (folder / output / name).is_file():
            (folder / output / name).replace(folder / name)
        shutil.rmtree(folder / output, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that any reader reads."""
    path.write_text(json.dumps(run_records.plain(value), indent=2, allow_nan=False) + "\n")


def model_package_arn(state: ExecutionState) -> str | None:
    """Return the ARN of the registered model, or None where none was registered."""
    step = state.first_of_type("RegisterModel")
    return step.arn if step and step.status == "Succeeded" else None


def _head(target: str, arn: str | None, seconds_total: float) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "pipeline_name": PIPELINE_NAME,
        "target": target,
        "pipeline_execution_arn": arn,
        "seconds_total": round(seconds_total, 3),
    }


def _package(target: Target, state: ExecutionState) -> dict[str, Any]:
    arn = model_package_arn(state)
    found: dict[str, Any] = {"verdict": run_records.verdict(state, arn), "model_package_arn": arn}
    if arn is None:
        return found
    package = target.client("sagemaker").describe_model_package(ModelPackageName=arn)
    status = package.get("ModelApprovalStatus")
    return found | {"model_package_version": package.get("ModelPackageVersion"), "model_approval_status": status}


def _download(target: Target, state: ExecutionState, step_name: str, output: str, folder: Path) -> None:
    step = state.step(step_name)
    if step is None or step.status != "Succeeded":
        return
    job = target.client("sagemaker").describe_processing_job(ProcessingJobName=step.job_name)
    uris = {item["OutputName"]: item["S3Output"]["S3Uri"] for item in job["ProcessingOutputConfig"]["Outputs"]}
    download_folder(target.client("s3"), uris[output], folder)


def _tuning(target: Target, executions: Executions, state: ExecutionState) -> dict[str, Any]:
    step = state.first_of_type("Tuning")
    if step is None or not step.job_name:
        return {"trials": []}
    try:
        job = target.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=step.job_name)
    except ClientError:  # the job could not even be created
        return {"trials": []}
    return run_records.tuning_record(step, job, executions.trials(step.job_name))


def _execution(state: ExecutionState, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "pipeline_execution_arn": state.arn,
        "status": state.status,
        "failure_reason": state.failure_reason or None,
        "start": state.started,
        "end": state.ended,
        "parameters": parameters,
    }


def _parameters(executions: Executions, arn: str, definition: str) -> dict[str, Any]:
    defaults = {item["Name"]: item.get("DefaultValue") for item in json.loads(definition).get("Parameters", [])}
    return defaults | executions.parameters(arn)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.is_file() else None
