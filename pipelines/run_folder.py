"""Write what an execution leaves behind into the run's folder: the summary, and everything the report is made of."""

import dataclasses
import hashlib
import json
import math
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines.bundle import ROOT
from pipelines.executions import NOT_STARTED, Executions, ExecutionState, StepState, Trial
from pipelines.following import failure_text
from pipelines.progress import best_objective
from pipelines.s3_uri import download_folder
from pipelines.settings import OBJECTIVE_METRIC, OBJECTIVE_TYPE
from pipelines.targets import Target

RUNS = ROOT / ".local" / "runs"
_METRICS = ("auc", "log_loss", "brier", "base_rate")


def new_run_folder(now: datetime, runs: Path = RUNS) -> Path:
    """Make a folder for a run and let `latest` point to it."""
    name = now.strftime("%Y%m%dT%H%M%SZ")
    folder = next(
        path for suffix in ["", *(f"-{n}" for n in range(2, 100))] if not (path := runs / f"{name}{suffix}").exists()
    )
    folder.mkdir(parents=True)
    latest = runs / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(folder.name)
    return folder


def write_run(target: Target, state: ExecutionState, folder: Path, *, seconds_total: float) -> dict[str, Any]:
    """Write the run's files and return the summary."""
    executions = Executions(target.client("sagemaker"))
    definition = executions.definition(state.arn)
    (folder / "definition.json").write_text(definition)
    collect_outputs(target, state, folder)
    tuning = _tuning(target, executions, state)
    parameters = _parameters(executions, state.arn, definition)
    summary = {
        "schema_version": 1,
        "status": state.status,
        "failure_reason": None if state.status == "Succeeded" else failure_text(state),
        "target": target.name,
        "pipeline_execution_arn": state.arn,
        "model_package_arn": model_package_arn(state),
        "steps": [_step_summary(step) for step in state.steps if step.status != NOT_STARTED],
        "all_cacheable_steps_cached": _all_cached(state, definition),
        "metrics": _metrics(folder),
        "best_trial": tuning.get("best_trial"),
        "seconds_total": round(seconds_total, 3),
        "definition_sha256": hashlib.sha256(definition.encode()).hexdigest(),
        "parameters": parameters,
    }
    write_json(folder / "steps.json", [_step_record(step) for step in state.steps])
    write_json(folder / "tuning.json", tuning)
    write_json(folder / "execution.json", _execution_record(target, state, parameters))
    write_json(folder / "summary.json", summary)
    return dict(_plain(summary))


def write_failed_run(folder: Path, *, target: str, arn: str | None, reason: str, seconds_total: float) -> None:
    """Write the summary of a run that never came to the end of an execution."""
    summary = {
        "schema_version": 1,
        "status": "Failed",
        "failure_reason": reason,
        "target": target,
        "pipeline_execution_arn": arn,
        "model_package_arn": None,
        "steps": [],
        "metrics": {"test": {}, "validation": {}},
        "seconds_total": round(seconds_total, 3),
    }
    write_json(folder / "summary.json", summary)


def collect_outputs(target: Target, state: ExecutionState, folder: Path) -> None:
    """Download the evaluation and the data report, as far as the execution came."""
    report = folder / "data_report"
    for step_name, output, place in (("Evaluate", "evaluation", folder / "evaluation"), ("Prepare", "report", report)):
        step = state.step(step_name)
        if step is None or step.status != "Succeeded":
            continue
        job = target.client("sagemaker").describe_processing_job(ProcessingJobName=step.job_name)
        outputs = {item["OutputName"]: item["S3Output"]["S3Uri"] for item in job["ProcessingOutputConfig"]["Outputs"]}
        download_folder(target.client("s3"), outputs[output], place)
    if (report / "data_report.json").is_file():
        (report / "data_report.json").replace(folder / "data_report.json")
    shutil.rmtree(report, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that any reader reads: no NaN, times as ISO 8601."""
    path.write_text(json.dumps(_plain(value), indent=2, allow_nan=False) + "\n")


def model_package_arn(state: ExecutionState) -> str | None:
    """Return the ARN of the registered model, or None where none was registered."""
    step = state.first_of_type("RegisterModel")
    return step.arn if step and step.status == "Succeeded" else None


def _metrics(folder: Path) -> dict[str, dict[str, float | None]]:
    path = folder / "evaluation" / "evaluation.json"
    measured = json.loads(path.read_text())["metrics"] if path.is_file() else {}
    found = {split: {name: measured[split].get(name) for name in _METRICS} for split in measured}
    return {"test": {}, "validation": {}} | found


def _tuning(target: Target, executions: Executions, state: ExecutionState) -> dict[str, Any]:
    step = state.first_of_type("Tuning")
    if step is None or not step.job_name:
        return {"trials": []}
    try:
        trials = executions.trials(step.job_name)
        job = target.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=step.job_name)
    except ClientError:
        return {"trials": []}
    best = best_objective(tuple(trials))
    return {
        "job_name": step.job_name,
        "cache_hit": step.cache_hit,
        "objective": {"metric": OBJECTIVE_METRIC, "type": OBJECTIVE_TYPE},
        "config": job["HyperParameterTuningJobConfig"],
        "best_trial": next((_trial_record(trial) for trial in trials if trial.objective == best), None),
        "trials": [_trial_record(trial) for trial in trials],
    }


def _trial_record(trial: Trial) -> dict[str, Any]:
    seconds = (trial.ended - trial.started).total_seconds() if trial.ended and trial.started else None
    return dataclasses.asdict(trial) | {"seconds": seconds}


def _step_summary(step: StepState) -> dict[str, Any]:
    return {
        "name": step.name,
        "type": step.type,
        "status": step.status,
        "seconds": step.seconds,
        "cache_hit": step.cache_hit,
    }


def _step_record(step: StepState) -> dict[str, Any]:
    times = {"started": step.started, "ended": step.ended}
    reason = {"failure_reason": step.failure_reason or None}
    return _step_summary(step) | times | reason | {"arn": step.arn or None, "metadata": step.metadata}


def _execution_record(target: Target, state: ExecutionState, parameters: dict[str, str]) -> dict[str, Any]:
    return {
        "arn": state.arn,
        "status": state.status,
        "failure_reason": state.failure_reason or None,
        "started": state.started,
        "ended": state.ended,
        "target": target.name,
        "region": target.resources.region,
        "parameters": parameters,
    }


def _parameters(executions: Executions, arn: str, definition: str) -> dict[str, Any]:
    defaults = {item["Name"]: item.get("DefaultValue") for item in json.loads(definition).get("Parameters", [])}
    return defaults | executions.parameters(arn)


def _all_cached(state: ExecutionState, definition: str) -> bool:
    cacheable = {step["Name"] for step in json.loads(definition)["Steps"] if step.get("CacheConfig", {}).get("Enabled")}
    return bool(cacheable) and all(step.cache_hit for step in state.steps if step.name in cacheable)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
