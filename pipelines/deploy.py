"""Bring the pipeline to a target and start it: the only writer to AWS besides the sandbox and the raw zone."""

import subprocess
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipelines.bundle import ROOT, build_bundles, upload_bundle
from pipelines.checks import refuse_faults
from pipelines.definition import render_cached
from pipelines.names import PIPELINE_NAME
from pipelines.parameters import parse_assignments, pipeline_parameters
from pipelines.s3_uri import fingerprint
from pipelines.settings import Settings
from pipelines.targets import Target

_DEFINITIONS = ROOT / ".local" / "definitions"


@dataclass(frozen=True)
class Deployed:
    """What `upsert` did.

    Attributes:
        changed: Whether the target had no pipeline or another definition before.
        bundles_uploaded: How many of the code bundles were new.
    """

    arn: str
    definition: str
    changed: bool
    bundles_uploaded: int


def upsert(target: Target, settings: Settings) -> Deployed:
    """Upload the code, check the definition, and create or update the pipeline.

    Raises:
        DefinitionError: The definition breaks a check; nothing was changed then.
    """
    bundles, resources = build_bundles(), target.resources
    definition = render_cached(resources, bundles, settings, _DEFINITIONS)
    refuse_faults(definition)
    uploaded = [
        upload_bundle(target.client("s3"), resources.buckets.artifacts, bundle, resources.keys.model)
        for bundle in (bundles.processing, bundles.training)
    ]
    arn, changed = _put_pipeline(target, definition)
    return Deployed(arn, definition, changed, sum(uploaded))


def start(target: Target, settings: Settings, assignments: list[str]) -> str:
    """Start an execution and return its ARN; versions of data and champion, and the commit, are filled in.

    Raises:
        UsageError: An assignment names no parameter or has a value of the wrong type.
    """
    parameters = complete_parameters(target, settings, assignments)
    response = target.client("sagemaker").start_pipeline_execution(
        PipelineName=PIPELINE_NAME,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )
    return str(response["PipelineExecutionArn"])


def complete_parameters(target: Target, settings: Settings, assignments: list[str]) -> dict[str, str]:
    """Return the given parameter values and those that only a look at the target can tell."""
    known = pipeline_parameters(target.resources, settings)
    given = parse_assignments(assignments, known)
    values = {parameter.name: str(parameter.default) for parameter in known} | given
    s3 = target.client("s3")
    observed = {
        "DataVersion": lambda: fingerprint(s3, values["RawDataUri"]) or "empty",
        "ChampionVersion": lambda: fingerprint(s3, values["ChampionUri"]) or "empty",
        "GitCommit": git_commit,
    }
    return given | {name: look() for name, look in observed.items() if name not in given}


def git_commit() -> str:
    """Return the commit of this folder, marked where files differ from it, or `unknown` outside of git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _put_pipeline(target: Target, definition: str) -> tuple[str, bool]:
    sagemaker, resources = target.client("sagemaker"), target.resources
    request: dict[str, Any] = {
        "PipelineName": PIPELINE_NAME,
        "PipelineDefinition": definition,
        "RoleArn": resources.roles.pipeline,
        "PipelineDescription": "Prepare, tune, train, evaluate, gate, register",
    }
    try:
        current = sagemaker.describe_pipeline(PipelineName=PIPELINE_NAME)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ResourceNotFound", "ResourceNotFoundException"}:
            raise
        tags = [{"Key": name, "Value": value} for name, value in resources.tags.items()]
        return str(sagemaker.create_pipeline(**request, Tags=tags)["PipelineArn"]), True
    if current["PipelineDefinition"] == definition and current["RoleArn"] == resources.roles.pipeline:
        return str(current["PipelineArn"]), False
    return str(sagemaker.update_pipeline(**request)["PipelineArn"]), True
