"""Tell which permissions calls of SNS and SQS take.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html, .../list_amazonsqs.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.iam import resources
from local_aws.iam.requirements import Context, Place, Requirement, tag_context, tags_of

Parameters = Mapping[str, Any]


def sns_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Yield the permissions that a caller of SNS needs."""
    tags = tags_of(given)
    keys = {"sns:Protocol": "Protocol", "sns:Endpoint": "Endpoint"}
    context: Context = {key: str(given[name]) for key, name in keys.items() if given.get(name)}
    arns = resources.arns("sns", action, given, place)
    if action == "CreateTopic":
        arns = [place.arn("sns", str(given.get("Name", "")))]
    elif subscription := given.get("SubscriptionArn"):
        arns = [str(subscription).rpartition(":")[0]]
    for arn in arns:
        yield Requirement(f"sns:{action}", arn, {**context, **tag_context(tags)})
        if tags and action == "CreateTopic":
            yield Requirement("sns:TagResource", arn, tag_context(tags))


def sqs_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Yield the permissions that a caller of SQS needs."""
    tags = tags_of(given)
    for arn in resources.arns("sqs", action, given, place):
        yield Requirement(f"sqs:{action}", arn, tag_context(tags))
        if tags and action == "CreateQueue":
            yield Requirement("sqs:TagQueue", arn, tag_context(tags))
