"""Tell which permissions a call of Step Functions takes.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.iam import resources
from local_aws.iam.requirements import Place, Requirement, tag_context, tags_of


def states_requirements(action: str, given: Mapping[str, Any], place: Place) -> Iterator[Requirement]:
    """Yield the permissions that the caller needs."""
    tags = tags_of(given)
    arns = resources.arns("states", action, given, place)
    if action == "CreateStateMachine":
        arns = [place.arn("states", f"stateMachine:{given.get('name', '')}")]
    for arn in arns:
        yield Requirement(f"states:{action}", arn, tag_context(tags))
        if tags and action == "CreateStateMachine":
            yield Requirement("states:TagResource", arn, tag_context(tags))
