"""Turn what AWS describes into the records of a lineage. Pure functions over the answers of Describe calls."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_SHA256 = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_CODE = "code"
Record = dict[str, Any]


def package_record(package: Mapping[str, Any]) -> Record:
    """Return what the registry says about a model package."""
    told = dict(package.get("CustomerMetadataProperties") or {})
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    return {
        "arn": package["ModelPackageArn"],
        "group": package.get("ModelPackageGroupName"),
        "version": package.get("ModelPackageVersion"),
        "created": package.get("CreationTime"),
        "status": package.get("ModelPackageStatus"),
        "approval": package.get("ModelApprovalStatus"),
        "approval_description": package.get("ApprovalDescription"),
        "retraining_reason": told.get("retraining_reason"),
        "image": next((container.get("Image") for container in containers), None),
        "model_data_url": next((container.get("ModelDataUrl") for container in containers), None),
        "baselines": _sources(package.get("DriftCheckBaselines") or {}),
        "model_card_status": (package.get("ModelCard") or {}).get("ModelCardStatus"),
        "properties": told,
    }


def execution_arn(package: Mapping[str, Any]) -> str | None:
    """Return the pipeline execution that registered a package, as the package tells it."""
    told = (package.get("CustomerMetadataProperties") or {}).get("pipeline_execution_arn")
    return told or (package.get("MetadataProperties") or {}).get("GeneratedBy")


def step_record(step: Mapping[str, Any]) -> Record:
    """Return a step of an execution: how it ended, and the job it made or took from the cache."""
    made = [
        entry["Arn"] for entry in (step.get("Metadata") or {}).values() if isinstance(entry, dict) and "Arn" in entry
    ]
    hit = step.get("CacheHitResult") or {}
    return {
        "step": step["StepName"],
        "status": step.get("StepStatus"),
        "started": step.get("StartTime"),
        "ended": step.get("EndTime"),
        "cached_from": hit.get("SourcePipelineExecutionArn"),
        "arn": made[0] if made else None,
    }


def processing_record(job: Mapping[str, Any]) -> Record:
    """Return a processing job's image, code and data."""
    inputs = {
        item["InputName"]: item["S3Input"]["S3Uri"] for item in job.get("ProcessingInputs", []) if "S3Input" in item
    }
    outputs = (job.get("ProcessingOutputConfig") or {}).get("Outputs", [])
    return {
        "image": (job.get("AppSpecification") or {}).get("ImageUri"),
        **_with_code(inputs),
        "outputs": {item["OutputName"]: item["S3Output"]["S3Uri"] for item in outputs if "S3Output" in item},
    }


def training_record(job: Mapping[str, Any]) -> Record:
    """Return a training job's image, code, data and archive."""
    archive = (job.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
    return {
        "image": (job.get("AlgorithmSpecification") or {}).get("TrainingImage"),
        **_with_code(_channels(job)),
        "outputs": {"model": archive} if archive else {},
    }


def tuning_record(job: Mapping[str, Any]) -> Record:
    """Return a tuning job's image, code, data and best trial."""
    definition: Mapping[str, Any] = job.get("TrainingJobDefinition") or next(
        iter(job.get("TrainingJobDefinitions") or []), {}
    )
    trials = (definition.get("OutputDataConfig") or {}).get("S3OutputPath")
    best = (job.get("BestTrainingJob") or {}).get("TrainingJobName")
    return {
        "image": (definition.get("AlgorithmSpecification") or {}).get("TrainingImage"),
        **_with_code(_channels(definition)),
        "outputs": {"trials": trials} if trials else {},
        "best_trial": best,
    }


def contributions(package: Record, steps: Sequence[Record]) -> list[bool]:
    """Tell of each step whether it led to the package: it registered it, or wrote what a step that led to it read."""
    needed = {uri for uri in (package["model_data_url"], *package["baselines"].values()) if uri}
    led = [step["arn"] == package["arn"] for step in steps]
    for _ in steps:
        for place, step in enumerate(steps):
            led[place] = led[place] or _writes(step, needed)
            if led[place]:
                needed |= set(step.get("inputs", {}).values())
    return led


def _writes(step: Record, needed: set[str]) -> bool:
    """Tell whether a step wrote one of these files or folders, a part of one, or all around one."""
    outputs = [f"{uri.rstrip('/')}/" for uri in step.get("outputs", {}).values()]
    wanted = [f"{uri.rstrip('/')}/" for uri in needed]
    return any(uri.startswith(output) or output.startswith(uri) for output in outputs for uri in wanted)


def code_digest(uri: str) -> str | None:
    """Return the hash of a code bundle: its key holds it."""
    found = _SHA256.search(uri)
    return found[0] if found else None


def model_packages_of(model: Mapping[str, Any]) -> set[str]:
    """Return what a SageMaker model is made of: ARNs of model packages, and URLs of archives."""
    containers = [*model.get("Containers", []), *([model["PrimaryContainer"]] if "PrimaryContainer" in model else [])]
    return {
        container[name]
        for container in containers
        for name in ("ModelPackageName", "ModelDataUrl")
        if container.get(name)
    }


def monitoring_record(report: Mapping[str, Any]) -> Record:
    """Return the gist of a monitor's report."""
    monitors = report.get("monitors") or {}
    return {
        "day": (report.get("window") or {}).get("day"),
        "model_version": report.get("model_version"),
        "monitors": {name: found.get("status") for name, found in monitors.items()},
        "violations": report.get("violations"),
    }


def _with_code(inputs: Mapping[str, str]) -> Record:
    uri = inputs.get(_CODE)
    code = {"uri": uri, "sha256": code_digest(uri)} if uri else None
    return {"code": code, "inputs": {name: value for name, value in inputs.items() if name != _CODE}}


def _channels(job: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for channel in job.get("InputDataConfig") or []:
        source = channel.get("DataSource", {})
        place = source.get("S3DataSource", {}).get("S3Uri") or source.get("FileSystemDataSource", {}).get(
            "DirectoryPath"
        )
        if place:
            found[channel["ChannelName"]] = place
    return found


def _sources(value: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """Return the S3 URIs of a nest of sources by their path."""
    if "S3Uri" in value:
        return {path: value["S3Uri"]}
    found: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            found |= _sources(inner, f"{path}.{name}" if path else name)
    return found
