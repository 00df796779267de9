"""Answer the operations of Model Monitor's four kinds of job definitions, which differ only in their names."""

from collections.abc import Mapping
from typing import Any

from local_aws.errors import ResourceInUseError, ResourceNotFoundError, ValidationError
from local_aws.jobs.s3 import Location
from local_aws.monitoring.definition import KINDS
from local_aws.monitoring.timing import offset
from local_aws.sagemaker.listing import SortKey, cut_page, select
from local_aws.sagemaker.operations import OPERATIONS, Context, Operation, Request, Response
from local_aws.store import Record

_SORT_KEYS: dict[str, SortKey] = {
    "Name": lambda record: record["JobDefinitionName"],
    "CreationTime": lambda record: record["CreationTime"],
}


def find_definition(context: Context, kind: str, name: str) -> Record:
    """Return a job definition.

    Raises:
        ResourceNotFoundError: There is none.
    """
    record = context.plane.store.get(context.key(KINDS[kind], name))
    if record is None:
        raise ResourceNotFoundError(f"Could not find requested job definition {context.arn(f'{KINDS[kind]}/{name}')}.")
    return record


def check_parts(given: Mapping[str, Any], output: Mapping[str, Any]) -> None:
    """Check the input and the output configuration of a definition.

    Raises:
        ValidationError: A member is missing, or is no S3 URI or offset.
    """
    sources = [name for name in ("EndpointInput", "BatchTransformInput") if name in given]
    if len(sources) != 1:
        raise ValidationError("A monitoring job input must have one of EndpointInput and BatchTransformInput.")
    source = given[sources[0]]
    for name in ("StartTimeOffset", "EndTimeOffset"):
        if name in source:
            offset(source[name])
    if uri := given.get("GroundTruthS3Input", {}).get("S3Uri"):
        Location.parse(uri)
    for item in output["MonitoringOutputs"]:
        Location.parse(item["S3Output"]["S3Uri"])


def _create(kind: str) -> Operation:
    def create(context: Context, request: Request) -> Response:
        check_parts(request[f"{kind}JobInput"], request[f"{kind}JobOutputConfig"])
        name = request["JobDefinitionName"]
        arn = context.arn(f"{KINDS[kind]}/{name}")
        kept = {member: item for member, item in request.items() if member != "Tags"}
        kept.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": 3600})
        record = {
            **kept,
            "JobDefinitionArn": arn,
            "CreationTime": context.plane.clock.now(),
            "_tags": request.get("Tags", []),
        }
        if not context.plane.store.insert(context.key(KINDS[kind], name), record):
            raise ResourceInUseError(f"The job definition {arn} already exists. Choose another name.")
        return {"JobDefinitionArn": arn}

    return create


def _describe(kind: str) -> Operation:
    return lambda context, request: find_definition(context, kind, request["JobDefinitionName"])


def _delete(kind: str) -> Operation:
    def delete(context: Context, request: Request) -> Response:
        find_definition(context, kind, request["JobDefinitionName"])
        context.plane.store.delete(context.key(KINDS[kind], request["JobDefinitionName"]))
        return {}

    return delete


def _list(kind: str) -> Operation:
    def listed(context: Context, request: Request) -> Response:
        records = context.plane.store.list(KINDS[kind], context.account_id, context.region)
        found = select(records, request, name="JobDefinitionName")
        if wanted := request.get("EndpointName"):
            found = [record for record in found if _endpoint(record, kind) == wanted]
        page, token = cut_page(found, request, sort_keys=_SORT_KEYS, sort_by="CreationTime", order="Descending")
        return {"JobDefinitionSummaries": [_summary(record, kind) for record in page], **token}

    return listed


def _endpoint(record: Record, kind: str) -> str:
    return str(record[f"{kind}JobInput"].get("EndpointInput", {}).get("EndpointName", ""))


def _summary(record: Record, kind: str) -> Record:
    return {
        "MonitoringJobDefinitionName": record["JobDefinitionName"],
        "MonitoringJobDefinitionArn": record["JobDefinitionArn"],
        "CreationTime": record["CreationTime"],
        "EndpointName": _endpoint(record, kind),
    }


for _kind in KINDS:
    OPERATIONS |= {
        f"Create{_kind}JobDefinition": _create(_kind),
        f"Describe{_kind}JobDefinition": _describe(_kind),
        f"Delete{_kind}JobDefinition": _delete(_kind),
        f"List{_kind}JobDefinitions": _list(_kind),
    }
