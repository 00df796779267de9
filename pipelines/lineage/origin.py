"""How a model package came to be: the execution that registered it, its parameters, its steps and their jobs."""

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.lineage.lookup import Lookup
from pipelines.lineage.records import (
    Record,
    execution_arn,
    processing_record,
    step_record,
    training_record,
    tuning_record,
)

# Resource of a job's ARN → its Describe call, the name of its argument, and how to read the answer.
_JOBS: dict[str, tuple[str, str, Callable[[Mapping[str, Any]], Record]]] = {
    "processing-job": ("describe_processing_job", "ProcessingJobName", processing_record),
    "training-job": ("describe_training_job", "TrainingJobName", training_record),
    "hyper-parameter-tuning-job": (
        "describe_hyper_parameter_tuning_job",
        "HyperParameterTuningJobName",
        tuning_record,
    ),
}


def find_execution(lookup: Lookup, package: Mapping[str, Any]) -> Record | None:
    """Return the execution that registered a package, with its parameters."""
    arn = execution_arn(package)
    if not arn:
        lookup.miss("pipeline execution: the package names none; it was registered by hand")
        return None
    sagemaker = lookup.client("sagemaker")
    what = f"pipeline execution {arn}"
    found = lookup.attempt(what, lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))
    if found is None:
        return {"arn": arn}
    parameters = lookup.attempt(f"{what}: parameters", lambda: _parameters(lookup, arn)) or {}
    return {
        "arn": arn,
        "status": found.get("PipelineExecutionStatus"),
        "name": found.get("PipelineExecutionDisplayName"),
        "description": found.get("PipelineExecutionDescription"),
        "started": found.get("CreationTime"),
        "ended": found.get("LastModifiedTime"),
        "parameters": parameters,
    }


def find_steps(lookup: Lookup, arn: str) -> list[Record]:
    """Return the steps of an execution in the order of their start, with what their jobs read and wrote."""
    steps = lookup.attempt(
        f"steps of {arn}",
        lambda: list(
            lookup.pages(
                "sagemaker",
                "list_pipeline_execution_steps",
                "PipelineExecutionSteps",
                PipelineExecutionArn=arn,
                SortOrder="Ascending",
            )
        ),
    )
    records = [step_record(step) for step in steps or []]
    return [record | _job(lookup, record["arn"]) for record in records]


def find_source(package: Record, execution: Record | None, steps: list[Record]) -> Record:
    """Return the data and the code that a package was made from."""
    given = (execution or {}).get("parameters", {})
    told = package["properties"]
    raw = [step["inputs"]["raw"] for step in steps if "raw" in step.get("inputs", {})]
    return {
        "data_version": told.get("data_version") or given.get("DataVersion"),
        "raw_data_uri": given.get("RawDataUri") or next(iter(raw), None),
        "git_commit": told.get("git_commit") or given.get("GitCommit"),
    }


def _parameters(lookup: Lookup, arn: str) -> dict[str, str]:
    items = lookup.pages(
        "sagemaker", "list_pipeline_parameters_for_execution", "PipelineParameters", PipelineExecutionArn=arn
    )
    return {item["Name"]: item["Value"] for item in items}


def _job(lookup: Lookup, arn: str | None) -> Record:
    resource, _, name = (arn or "").rpartition(":")[2].partition("/")
    if resource not in _JOBS:
        return {}
    operation, argument, read = _JOBS[resource]
    call = getattr(lookup.client("sagemaker"), operation)
    return lookup.attempt(f"job {arn}", lambda: read(call(**{argument: name}))) or {}
