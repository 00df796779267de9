"""Answer the operations of model packages: the versions of the model registry."""

import json
from collections.abc import Callable, Mapping

from local_aws.errors import ApiError, ValidationError
from local_aws.sagemaker.listing import SortKey, cut_page, select
from local_aws.sagemaker.model_package_groups import find_group, group_key, key_of
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Key, Record

KIND = "model-package"
MAX_METADATA = 50
MAX_ADDITIONAL = 15
NOT_KEPT = frozenset({"ModelPackageName", "ModelPackageGroupName", "ClientToken", "Tags"})
"""Members of CreateModelPackage that are no plain members of what DescribeModelPackage returns."""
REPLACED = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)
SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
SORT_KEYS: dict[str, SortKey] = {
    "Name": lambda package: (package["ModelPackageName"], package.get("ModelPackageVersion", 0)),
    "CreationTime": lambda package: package["CreationTime"],
}

on_state_change: list[Callable[[Context, Record], None]] = []
"""Called with the package after its creation and after each change of its approval, as EventBridge would be."""


@operation
def create_model_package(context: Context, request: Request) -> Response:
    """Register a model: the next version of a group, or a package of its own name."""
    name, group = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
    if name and group:
        raise ValidationError(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
            "Cannot determine which one to use."
        )
    if not name and not group:
        raise ValidationError("Missing ARN. Provide either ModelPackageGroupName or ModelPackageName.")
    _check_model_card(request.get("ModelCard"))
    record = _new_version(context, request) if group else _new_unversioned(context, request)
    _publish(context, record)
    return {"ModelPackageArn": record["ModelPackageArn"]}


@operation
def describe_model_package(context: Context, request: Request) -> Response:
    """Return a package by its ARN or, if it is unversioned, its name."""
    return _find(context, request["ModelPackageName"])


@operation
def list_model_packages(context: Context, request: Request) -> Response:
    """List a group's versions, or by default the unversioned packages, the oldest first."""
    packages = context.plane.store.list(KIND, context.account_id, context.region)
    kind = request.get("ModelPackageType", "Both" if "ModelPackageGroupName" in request else "Unversioned")
    if "ModelPackageGroupName" in request:
        group = find_group(context, request["ModelPackageGroupName"])["ModelPackageGroupName"]
        packages = [package for package in packages if package.get("ModelPackageGroupName") == group]
    if kind != "Both":
        packages = [package for package in packages if ("ModelPackageVersion" in package) == (kind == "Versioned")]
    if wanted := request.get("ModelApprovalStatus"):
        packages = [package for package in packages if package.get("ModelApprovalStatus") == wanted]
    chosen = select(packages, request, name="ModelPackageName")
    page, token = cut_page(chosen, request, sort_keys=SORT_KEYS, sort_by="CreationTime")
    return {
        "ModelPackageSummaryList": [{key: package[key] for key in SUMMARY if key in package} for package in page],
        **token,
    }


@operation
def update_model_package(context: Context, request: Request) -> Response:
    """Change what the request names and keep everything else."""
    key = _key(context, request["ModelPackageArn"])
    before = _find(context, request["ModelPackageArn"])
    _check_model_card(request.get("ModelCard"))

    def change(record: Record) -> None:
        changed = {
            **{name: request[name] for name in REPLACED if name in request},
            **_changed_metadata(record, request),
            **_changed_specifications(record, request),
        }
        if "ModelCard" in request:
            changed["ModelCard"] = {**record.get("ModelCard", {}), **request["ModelCard"]}
        record.update(changed, LastModifiedTime=context.plane.clock.now(), LastModifiedBy={})

    after = context.plane.store.update(key, change)
    if before.get("ModelApprovalStatus") != after.get("ModelApprovalStatus"):
        _publish(context, after)
    return {"ModelPackageArn": after["ModelPackageArn"]}


@operation
def delete_model_package(context: Context, request: Request) -> Response:
    """Delete a package; its version number is never given again."""
    _find(context, request["ModelPackageName"])
    context.plane.store.delete(_key(context, request["ModelPackageName"]))
    return {}


@operation
def batch_describe_model_package(context: Context, request: Request) -> Response:
    """Describe several packages; those that fail are listed with their error."""
    found: dict[str, Record] = {}
    errors: dict[str, Record] = {}
    for arn in request["ModelPackageArnList"]:
        try:
            found[arn] = _find(context, arn)
        except ApiError as err:
            errors[arn] = {"ErrorCode": err.code, "ErrorResponse": err.message}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


def _new_version(context: Context, request: Request) -> Record:
    """Insert the next version of a group; a repeated ClientToken returns the version it made before."""
    if request.get("Tags"):
        raise ValidationError(
            "Tags can't be specified for a Model Package of a Model Package Group: it uses the tags of its group. "
            "Remove Tags or tag the group."
        )
    group = find_group(context, request["ModelPackageGroupName"])
    name, token = group["ModelPackageGroupName"], request.get("ClientToken")
    for package in context.plane.store.list(KIND, context.account_id, context.region):
        if token and package.get("_token") == token and package.get("ModelPackageGroupName") == name:
            return package

    def count(record: Record) -> None:
        record["_last_version"] += 1

    version = context.plane.store.update(group_key(context, group["ModelPackageGroupArn"]), count)["_last_version"]
    record = {
        "ModelApprovalStatus": "PendingManualApproval",
        **_new_record(context, request, f"{name}/{version}"),
        "ModelPackageName": name,
        "ModelPackageGroupName": name,
        "ModelPackageVersion": version,
    }
    context.plane.store.insert(context.key(KIND, f"{name}/{version}"), record)
    return record


def _new_unversioned(context: Context, request: Request) -> Record:
    name = request["ModelPackageName"]
    if not {"InferenceSpecification", "SourceAlgorithmSpecification"} & set(request):
        raise ValidationError(
            "An unversioned Model Package needs InferenceSpecification or SourceAlgorithmSpecification. "
            "Provide one of them."
        )
    record = {**_new_record(context, request, name), "ModelPackageName": name}
    if not context.plane.store.insert(context.key(KIND, name), record):
        raise ValidationError(f"Model Package already exists: {record['ModelPackageArn']}")
    return record


def _new_record(context: Context, request: Request, name: str) -> Record:
    """Return what both kinds of packages have; nothing is validated or scanned here, so the status is final."""
    return {
        **{key: value for key, value in request.items() if key not in NOT_KEPT},
        "ModelPackageArn": context.arn(f"{KIND}/{name}"),
        "CreationTime": context.plane.clock.now(),
        "CreatedBy": {},
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "_tags": request.get("Tags", []),
        "_token": request.get("ClientToken"),
    }


def _changed_metadata(record: Record, request: Request) -> Record:
    """Return CustomerMetadataProperties with the request's merged in and its keys to remove taken out."""
    added, removed = (
        request.get("CustomerMetadataProperties", {}),
        request.get("CustomerMetadataPropertiesToRemove", []),
    )
    merged = {**(record.get("CustomerMetadataProperties") or {}), **added}
    kept = {name: value for name, value in merged.items() if name not in removed}
    if len(kept) > MAX_METADATA:
        raise ValidationError(
            f"CustomerMetadataProperties would have {len(kept)} entries; a Model Package can have up to "
            f"{MAX_METADATA}. Remove some with CustomerMetadataPropertiesToRemove."
        )
    return {"CustomerMetadataProperties": kept or None} if added or removed else {}


def _changed_specifications(record: Record, request: Request) -> Record:
    added = request.get("AdditionalInferenceSpecificationsToAdd", [])
    if not added:
        return {}
    merged = [*record.get("AdditionalInferenceSpecifications", []), *added]
    names = [specification["Name"] for specification in merged]
    if len(set(names)) < len(names) or len(names) > MAX_ADDITIONAL:
        raise ValidationError(
            f"AdditionalInferenceSpecifications [{', '.join(names)}] must have unique names and at most "
            f"{MAX_ADDITIONAL} entries."
        )
    return {"AdditionalInferenceSpecifications": merged}


def _check_model_card(card: Mapping[str, str] | None) -> None:
    try:
        is_valid = card is None or isinstance(json.loads(card.get("ModelCardContent", "{}")), dict)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValidationError("ModelCardContent is not a valid JSON object. Provide content in the model card schema.")


def _find(context: Context, name_or_arn: str) -> Record:
    key = _key(context, name_or_arn)
    package = context.plane.store.get(key)
    if package is None:
        arn = f"arn:aws:sagemaker:{key.region}:{key.account_id}:{KIND}/{key.name}"
        raise ValidationError(f"ModelPackage {arn} does not exist.")
    return package


def _key(context: Context, name_or_arn: str) -> Key:
    return key_of(context, KIND, name_or_arn)


def _publish(context: Context, package: Record) -> None:
    for listener in on_state_change:
        listener(context, package)
