"""Store CloudWatch dashboards; nothing draws them here."""

import json
from typing import Any

from local_aws.cloudwatch.service import Request, ResourceNotFoundError, operation
from local_aws.errors import ApiError
from local_aws.sagemaker.operations import Context

_KIND = "dashboard"


class InvalidDashboardError(ApiError):
    """A dashboard body that is none."""

    code = "InvalidParameterInput"


class DashboardNotFoundError(ResourceNotFoundError):
    """A dashboard that does not exist."""


@operation
def put_dashboard(context: Context, request: Request) -> dict[str, Any]:
    """Make or replace a dashboard."""
    name, text = request["DashboardName"], request["DashboardBody"]
    problem = _problem(text)
    if problem:
        raise InvalidDashboardError(f"The field DashboardBody must be a valid JSON object: {problem}")
    arn = f"arn:aws:cloudwatch::{context.account_id}:dashboard/{name}"
    entry = {
        "DashboardName": name,
        "DashboardArn": arn,
        "DashboardBody": text,
        "LastModified": context.plane.clock.now(),
        "Size": len(text.encode()),
    }
    key = context.key(_KIND, name)
    if not context.plane.store.insert(key, entry):
        context.plane.store.update(key, lambda record: record.update(entry))
    return {"DashboardValidationMessages": []}


@operation
def get_dashboard(context: Context, request: Request) -> dict[str, Any]:
    """Return a dashboard."""
    found = _find(context, request["DashboardName"])
    return {name: found[name] for name in ("DashboardArn", "DashboardBody", "DashboardName")}


@operation
def list_dashboards(context: Context, request: Request) -> dict[str, Any]:
    """Return every dashboard whose name has a prefix."""
    prefix = request.get("DashboardNamePrefix", "")
    found = context.plane.store.list(_KIND, context.account_id, context.region)
    names = ("DashboardName", "DashboardArn", "LastModified", "Size")
    entries = [{name: item[name] for name in names} for item in found if item["DashboardName"].startswith(prefix)]
    return {"DashboardEntries": sorted(entries, key=lambda entry: entry["DashboardName"])}


@operation
def delete_dashboards(context: Context, request: Request) -> dict[str, Any]:
    """Remove dashboards; none where one of them does not exist."""
    for name in request["DashboardNames"]:
        _find(context, name)
    for name in request["DashboardNames"]:
        context.plane.store.delete(context.key(_KIND, name))
    return {}


def _find(context: Context, name: str) -> dict[str, Any]:
    found = context.plane.store.get(context.key(_KIND, name))
    if found is None:
        raise DashboardNotFoundError(f"Dashboard {name} does not exist")
    return found


def _problem(text: str) -> str:
    try:
        body = json.loads(text)
    except ValueError as err:
        return str(err)
    if not isinstance(body, dict):
        return "it is no object"
    widgets = body.get("widgets", [])
    if not isinstance(widgets, list) or not all(isinstance(item, dict) and "type" in item for item in widgets):
        return "widgets must be objects with a type"
    return ""
