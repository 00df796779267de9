"""Answer the operations of model package groups and their resource policies."""

import json

from local_aws.errors import ConflictError, ValidationError
from local_aws.sagemaker.listing import SortKey, cut_page, select
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Key, Record

KIND = "model-package-group"
SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
    "ManagedConfiguration",
)
SORT_KEYS: dict[str, SortKey] = {
    "Name": lambda group: group["ModelPackageGroupName"],
    "CreationTime": lambda group: group["CreationTime"],
}


@operation
def create_model_package_group(context: Context, request: Request) -> Response:
    """Create an empty group."""
    name = request["ModelPackageGroupName"]
    arn = context.arn(f"{KIND}/{name}")
    record: Record = {
        "ModelPackageGroupName": name,
        "ModelPackageGroupArn": arn,
        **{key: request[key] for key in ("ModelPackageGroupDescription", "ManagedConfiguration") if key in request},
        "CreationTime": context.plane.clock.now(),
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
        "_last_version": 0,
        "_tags": request.get("Tags", []),
    }
    if not context.plane.store.insert(context.key(KIND, name), record):
        raise ValidationError(f"Model Package Group already exists: {arn}")
    return {"ModelPackageGroupArn": arn}


@operation
def describe_model_package_group(context: Context, request: Request) -> Response:
    """Return a group by its name or ARN."""
    return find_group(context, request["ModelPackageGroupName"])


@operation
def list_model_package_groups(context: Context, request: Request) -> Response:
    """List groups, by default the oldest first; no other account shares any with this one."""
    groups = context.plane.store.list(KIND, context.account_id, context.region)
    if request.get("CrossAccountFilterOption") == "CrossAccount":
        groups = []
    chosen = select(groups, request, name="ModelPackageGroupName")
    page, token = cut_page(chosen, request, sort_keys=SORT_KEYS, sort_by="CreationTime")
    return {
        "ModelPackageGroupSummaryList": [{key: group[key] for key in SUMMARY if key in group} for group in page],
        **token,
    }


@operation
def delete_model_package_group(context: Context, request: Request) -> Response:
    """Delete a group that has no model packages."""
    group = find_group(context, request["ModelPackageGroupName"])
    name, arn = group["ModelPackageGroupName"], group["ModelPackageGroupArn"]
    packages = context.plane.store.list("model-package", context.account_id, context.region)
    count = sum(package.get("ModelPackageGroupName") == name for package in packages)
    if count:
        raise ConflictError(
            f"Cannot delete Model Package Group {arn} because it contains {count} Model Package{'s' * (count > 1)}. "
            "Delete its Model Packages first."
        )
    context.plane.store.delete(group_key(context, name))
    return {}


@operation
def put_model_package_group_policy(context: Context, request: Request) -> Response:
    """Attach a resource policy to a group."""
    group = find_group(context, request["ModelPackageGroupName"])
    policy = request["ResourcePolicy"]
    try:
        is_object = isinstance(json.loads(policy), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise ValidationError("ResourcePolicy is not a valid JSON policy document.")
    _update(context, group, {"_policy": policy})
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


@operation
def get_model_package_group_policy(context: Context, request: Request) -> Response:
    """Return a group's resource policy."""
    return {"ResourcePolicy": _find_policy(find_group(context, request["ModelPackageGroupName"]))}


@operation
def delete_model_package_group_policy(context: Context, request: Request) -> Response:
    """Remove a group's resource policy."""
    group = find_group(context, request["ModelPackageGroupName"])
    _find_policy(group)
    _update(context, group, {"_policy": None})
    return {}


def find_group(context: Context, name_or_arn: str) -> Record:
    """Return a group's record.

    Raises:
        ValidationError: There is no such group.
    """
    key = group_key(context, name_or_arn)
    group = context.plane.store.get(key)
    if group is None:
        arn = f"arn:aws:sagemaker:{key.region}:{key.account_id}:{KIND}/{key.name}"
        raise ValidationError(f"ModelPackageGroup {arn} does not exist.")
    return group


def group_key(context: Context, name_or_arn: str) -> Key:
    """Return the store key of a group; an ARN names its own account and region."""
    return key_of(context, KIND, name_or_arn)


def key_of(context: Context, kind: str, name_or_arn: str) -> Key:
    """Return the store key of a resource given by its name or its ARN."""
    if not name_or_arn.startswith("arn:"):
        return context.key(kind, name_or_arn)
    _, _, _, region, account_id, resource = name_or_arn.split(":", 5)
    return Key(kind, resource.partition("/")[2], account_id, region)


def _find_policy(group: Record) -> str:
    policy = group.get("_policy")
    if policy is None:
        raise ValidationError(f"Cannot find resource policy for: {group['ModelPackageGroupArn']}")
    return str(policy)


def _update(context: Context, group: Record, changes: Record) -> None:
    key = group_key(context, group["ModelPackageGroupArn"])
    context.plane.store.update(key, lambda record: record.update(changes))
