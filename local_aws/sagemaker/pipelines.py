"""Answer the operations on pipelines and their versions."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from local_aws.errors import ConflictError, ResourceNotFoundError, ValidationError
from local_aws.pipeline_engine import lifecycle
from local_aws.pipeline_engine.checks import check_definition
from local_aws.pipeline_engine.parse import parse_definition
from local_aws.pipeline_engine.records import ACTIVE
from local_aws.sagemaker.listing import cut_page
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record

KIND = "pipeline"
_UPDATABLE = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
_SORT_KEYS = {"Name": lambda record: record["PipelineName"], "CreationTime": lambda record: record["CreationTime"]}


@operation
def create_pipeline(context: Context, request: Request) -> Response:
    """Check a definition and keep it as version 1 of a new pipeline."""
    name = request["PipelineName"]
    definition = _definition(context, request)
    now = context.plane.clock.now()
    record = {
        "PipelineArn": context.arn(f"pipeline/{name}"),
        "PipelineName": name,
        "PipelineDisplayName": name,
        **{member: request[member] for member in _UPDATABLE if member in request},
        "PipelineStatus": "Active",
        "CreationTime": now,
        "LastModifiedTime": now,
        "_token": request.get("ClientRequestToken"),
        "_tags": request.get("Tags", []),
        "_versions": [_version(1, definition, request.get("PipelineVersionAliases", []), now)],
    }
    if not context.plane.store.insert(context.key(KIND, name), record):
        existing = find_pipeline(context, name)
        if existing["_token"] != record["_token"] or record["_token"] is None:
            raise ValidationError(
                "Pipeline names must be unique within an AWS account and region. "
                f"Pipeline with name ({name}) already exists."
            )
    return {"PipelineArn": record["PipelineArn"]}


@operation
def update_pipeline(context: Context, request: Request) -> Response:
    """Change a pipeline; a changed definition becomes its newest version."""
    record = find_pipeline(context, request["PipelineName"])
    changes = {member: request[member] for member in _UPDATABLE if member in request}
    versions = record["_versions"]
    if "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request:
        definition = _definition(context, request)
        if definition != versions[-1]["_definition"]:
            versions.append(_version(versions[-1]["PipelineVersionId"] + 1, definition, [], context.plane.clock.now()))
    for alias in request.get("PipelineVersionAliases", []):
        _move_alias(versions, alias, versions[-1])
    changes |= {"_versions": versions, "LastModifiedTime": context.plane.clock.now()}
    context.plane.store.update(context.key(KIND, record["PipelineName"]), lambda old: old.update(changes))
    return {"PipelineArn": record["PipelineArn"], "PipelineVersionId": versions[-1]["PipelineVersionId"]}


@operation
def describe_pipeline(context: Context, request: Request) -> Response:
    """Show a pipeline with the definition of its newest, or the asked, version."""
    record = find_pipeline(context, request["PipelineName"])
    version = find_version(record, request)
    shown = {member: version[member] for member in version if member.startswith("PipelineVersion")}
    return {**record, **shown, "PipelineDefinition": version["_definition"]}


@operation
def list_pipelines(context: Context, request: Request) -> Response:
    """List pipelines, the newest first."""
    prefix = request.get("PipelineNamePrefix", "")
    records = [
        {**record, "LastExecutionTime": record.get("LastRunTime")} if "LastRunTime" in record else record
        for record in context.plane.store.list(KIND, context.account_id, context.region)
        if record["PipelineName"].startswith(prefix) and _is_between(record, request)
    ]
    page, token = cut_page(records, request, sort_keys=_SORT_KEYS, sort_by="CreationTime", order="Descending")
    return {"PipelineSummaries": page, **token}


@operation
def delete_pipeline(context: Context, request: Request) -> Response:
    """Delete a pipeline with its executions; not while one runs."""
    record = find_pipeline(context, request["PipelineName"])
    arn = record["PipelineArn"]
    executions = lifecycle.of_pipeline(context.plane, arn, context.account_id, context.region)
    active = [item["PipelineExecutionArn"] for item in executions if item["PipelineExecutionStatus"] in ACTIVE]
    if active:
        raise ConflictError(
            f"Pipeline {arn} has running executions: {active}. Stop them, or wait for their end, first."
        )
    context.plane.store.delete(context.key(KIND, record["PipelineName"]))
    lifecycle.delete_all(context.plane, arn, context.account_id, context.region)
    return {"PipelineArn": arn}


@operation
def list_pipeline_versions(context: Context, request: Request) -> Response:
    """List a pipeline's versions, the newest first."""
    record = find_pipeline(context, request["PipelineName"])
    versions = [{**version, "PipelineArn": record["PipelineArn"]} for version in record["_versions"]]
    page, token = cut_page(
        [version for version in versions if _is_between(version, request)],
        request,
        sort_keys={"Id": lambda version: version["PipelineVersionId"]},
        sort_by="Id",
        order="Descending",
    )
    return {"PipelineVersionSummaries": page, **token}


@operation
def update_pipeline_version(context: Context, request: Request) -> Response:
    """Name, describe or alias a version."""
    record = find_pipeline(context, request["PipelineArn"])
    version = find_version(record, request)
    for member in ("PipelineVersionDisplayName", "PipelineVersionDescription"):
        if member in request:
            version[member] = request[member]
    aliases = request.get("PipelineVersionAliasOperations", {})
    for alias in aliases.get("Add", []):
        _move_alias(record["_versions"], alias, version)
    version["PipelineVersionAliases"] = [
        alias for alias in version["PipelineVersionAliases"] if alias not in aliases.get("Remove", [])
    ]
    changes = {"_versions": record["_versions"], "LastModifiedTime": context.plane.clock.now()}
    context.plane.store.update(context.key(KIND, record["PipelineName"]), lambda old: old.update(changes))
    return {"PipelineArn": record["PipelineArn"], "PipelineVersionId": version["PipelineVersionId"]}


def find_version(record: Record, request: Request) -> Record:
    """Return the version that a request asks for by id or alias; the newest where it asks for none.

    Raises:
        ResourceNotFoundError: There is no such version.
    """
    versions: list[Record] = record["_versions"]
    if "PipelineVersionId" in request:
        versions = [version for version in versions if version["PipelineVersionId"] == request["PipelineVersionId"]]
    if "PipelineVersionAlias" in request:
        versions = [
            version for version in versions if request["PipelineVersionAlias"] in version["PipelineVersionAliases"]
        ]
    if not versions:
        asked = request.get("PipelineVersionId", request.get("PipelineVersionAlias"))
        raise ResourceNotFoundError(f"Pipeline version '{asked}' of '{record['PipelineArn']}' does not exist.")
    return versions[-1]


def find_pipeline(context: Context, name_or_arn: str) -> Record:
    """Return a pipeline's record.

    Raises:
        ResourceNotFoundError: There is no such pipeline.
    """
    name = name_or_arn.rpartition(":pipeline/")[2]
    record = context.plane.store.get(context.key(KIND, name))
    if record is None:
        raise ResourceNotFoundError(f"Pipeline '{context.arn(f'pipeline/{name}')}' does not exist.")
    return record


def _definition(context: Context, request: Request) -> str:
    """Return the request's definition, checked, from its text or from S3."""
    location = request.get("PipelineDefinitionS3Location")
    if ("PipelineDefinition" in request) == (location is not None):
        raise ValidationError("Exactly one of PipelineDefinition and PipelineDefinitionS3Location must be given.")
    text: str = _download(context, location) if location else request["PipelineDefinition"]
    check_definition(parse_definition(text))
    return text


def _download(context: Context, location: dict[str, str]) -> str:
    request = {"Bucket": location["Bucket"], "Key": location["ObjectKey"]}
    if "VersionId" in location:
        request["VersionId"] = location["VersionId"]
    try:
        body: Any = context.plane.client("s3", context.region).get_object(**request)["Body"]
    except ClientError as err:
        uri = f"s3://{request['Bucket']}/{request['Key']}"
        raise ValidationError(f"PipelineDefinitionS3Location {uri} cannot be read: {err}") from err
    text: str = body.read().decode()
    return text


def _version(number: int, definition: str, aliases: list[str], now: datetime) -> Record:
    return {
        "PipelineVersionId": number,
        "CreationTime": now,
        "PipelineVersionAliases": list(aliases),
        "_definition": definition,
    }


def _move_alias(versions: list[Record], alias: str, target: Record) -> None:
    """Give an alias to one version; it is taken from any other."""
    for version in versions:
        version["PipelineVersionAliases"] = [name for name in version["PipelineVersionAliases"] if name != alias]
    target["PipelineVersionAliases"].append(alias)


def _is_between(record: Record, request: Request) -> bool:
    created = record["CreationTime"]
    return bool(
        ("CreatedAfter" not in request or created > request["CreatedAfter"])
        and ("CreatedBefore" not in request or created < request["CreatedBefore"])
    )
