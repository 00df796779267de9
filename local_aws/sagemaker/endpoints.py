"""Answer the operations of endpoints."""

from collections.abc import Callable
from typing import Any

from local_aws.containers.images import find_image
from local_aws.errors import ValidationError
from local_aws.hosting import deployment, records
from local_aws.hosting.fleet import FleetPlan
from local_aws.sagemaker.endpoint_configs import find_config, models_of
from local_aws.sagemaker.listing import cut_page, select
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record

KIND = records.KIND
_IN_PROGRESS = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
_UPDATABLE = {"InService", "UpdateRollbackFailed"}


@operation
def create_endpoint(context: Context, request: Request) -> Response:
    """Record an endpoint and start its instances."""
    name = request["EndpointName"]
    arn, key = context.arn(f"{KIND}/{name}"), context.key(KIND, name)
    plan = plan_of_config(context, request["EndpointConfigName"])
    now = context.plane.clock.now()
    record = {
        "EndpointName": name,
        "EndpointArn": arn,
        **{field: value for field, value in records.plan_fields(plan).items() if value is not None},
        **records.initial_variants(plan, now),
        "EndpointStatus": "Creating",
        "CreationTime": now,
        "LastModifiedTime": now,
        "_tags": request.get("Tags", []),
    }
    if "DeploymentConfig" in request:
        record["LastDeploymentConfig"] = request["DeploymentConfig"]
    if not context.plane.store.insert(key, record):
        raise ValidationError(f'Cannot create already existing endpoint "{arn}".')
    records.emit_state(context.plane, key, record)
    deployment.create(context.plane, key, plan)
    return {"EndpointArn": arn}


@operation
def describe_endpoint(context: Context, request: Request) -> Response:
    """Return the whole record."""
    return find_endpoint(context, request["EndpointName"])


@operation
def list_endpoints(context: Context, request: Request) -> Response:
    """List endpoints, by default by creation time, newest first."""
    endpoints = context.plane.store.list(KIND, context.account_id, context.region)
    page, token = cut_page(
        select(endpoints, request, name="EndpointName", status="EndpointStatus"),
        request,
        sort_keys={
            "Name": lambda item: item["EndpointName"],
            "CreationTime": lambda item: item["CreationTime"],
            "Status": lambda item: item["EndpointStatus"],
        },
        sort_by="CreationTime",
        order="Descending",
    )
    fields = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
    return {"Endpoints": [{field: item[field] for field in fields} for item in page], **token}


@operation
def delete_endpoint(context: Context, request: Request) -> Response:
    """End an endpoint."""
    name = request["EndpointName"]
    find_endpoint(context, name)
    claim(context, name, "Deleting")
    deployment.delete(context.plane, context.key(KIND, name))
    return {}


def find_endpoint(context: Context, name: str) -> Record:
    """Return an endpoint's record.

    Raises:
        ValidationError: There is none.
    """
    record = context.plane.store.get(context.key(KIND, name))
    if record is None:
        raise ValidationError(f'Could not find endpoint "{context.arn(f"{KIND}/{name}")}".')
    return record


def plan_of_config(context: Context, name: str) -> FleetPlan:
    """Return what a configuration asks for, with its models.

    Raises:
        ValidationError: The configuration or a model does not exist, or an image does not run here.
    """
    config = find_config(context, name)
    plan = FleetPlan(config, models_of(context, config))
    for model in plan.models:
        for image in plan.images(model):
            if "/" in image and ":model-package/" not in image:
                find_image(image, context.plane.settings.images)
    return plan


def check_idle(context: Context, record: Record, status: str = "Updating") -> None:
    """Refuse to change an endpoint that somebody is changing.

    Raises:
        ValidationError: Somebody is, or it has failed and can only be deleted.
    """
    arn, now = record["EndpointArn"], record["EndpointStatus"]
    if now in _IN_PROGRESS:
        raise ValidationError(f'Cannot update in-progress endpoint "{arn}".')
    if now not in _UPDATABLE and status != "Deleting":
        raise ValidationError(f'Cannot update endpoint "{arn}" in status {now}; it can only be deleted.')
    is_live = context.plane.endpoints.get(context.key(KIND, record["EndpointName"]))
    if status != "Deleting" and (is_live is None or is_live.fleet is None):
        raise ValidationError(f'Cannot update in-progress endpoint "{arn}".')  # it comes back after a restart


def claim(
    context: Context, name: str, status: str, change: Callable[[Record], None] = lambda _: None, **fields: Any
) -> Record:
    """Change the status of an endpoint that nobody else is changing, in one step; a field of None is removed.

    Raises:
        ValidationError: See `check_idle`.
    """

    def take(record: Record) -> None:
        check_idle(context, record, status)
        change(record)
        record.update({"EndpointStatus": status, "LastModifiedTime": context.plane.clock.now(), **fields})
        for field in [field for field, value in record.items() if value is None]:
            del record[field]

    record = context.plane.store.update(context.key(KIND, name), take)
    records.emit_state(context.plane, context.key(KIND, name), record)
    return record
