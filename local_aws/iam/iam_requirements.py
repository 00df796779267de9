"""Tell which permissions a call of IAM takes.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from collections.abc import Iterator

from local_aws.iam import resources
from local_aws.iam.calls import Parameters
from local_aws.iam.requirements import Context, Place, Requirement, tag_context, tags_of
from local_aws.moto_adapters import permissions

_BOUNDED = {
    f"{verb}{kind}{noun}"
    for kind in ("Role", "User")
    for verb, noun in (
        ("Attach", "Policy"),
        ("Delete", "PermissionsBoundary"),
        ("Delete", "Policy"),
        ("Detach", "Policy"),
        ("Put", "Policy"),
    )
}
"""Actions whose `iam:PermissionsBoundary` is the boundary that the role or user has already."""


def iam_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Iterate over the permissions of one IAM call."""
    arns = resources.arns("iam", action, given, place)
    context: Context = tag_context(tags_of(given))
    if given.get("PermissionsBoundary"):
        context["iam:PermissionsBoundary"] = str(given["PermissionsBoundary"])
    if given.get("PolicyArn") and action.startswith(("Attach", "Detach")):
        context["iam:PolicyARN"] = str(given["PolicyArn"])
        arns = [arn for arn in arns if ":policy/" not in arn] or _owner(given, place)
    if given.get("AWSServiceName"):
        context["iam:AWSServiceName"] = str(given["AWSServiceName"])
        arns = [f"arn:aws:iam::{place.account_id}:role/aws-service-role/{given['AWSServiceName']}/*"]
    for arn in arns:
        real = _existing(arn, place)
        own = permissions.boundary_arn(real) if action in _BOUNDED else None
        yield Requirement(f"iam:{action}", real, {**context, **({"iam:PermissionsBoundary": own} if own else {})})
    if tags_of(given) and action.startswith("Create"):
        for arn in arns:
            yield Requirement(f"iam:{action.replace('Create', 'Tag')}", arn, context)


def _owner(given: Parameters, place: Place) -> list[str]:
    """Return the role, user or group that a policy is attached to."""
    kind = next(name for name in ("Role", "User", "Group") if f"{name}Name" in given)
    return [f"arn:aws:iam::{place.account_id}:{kind.lower()}/{given[f'{kind}Name']}"]


def _existing(arn: str, place: Place) -> str:
    """Return a role's real ARN, with its path: calls name roles without it."""
    if ":role/" not in arn:
        return arn
    return permissions.role_arn_of_name(place.account_id, arn.rpartition("/")[2]) or arn
