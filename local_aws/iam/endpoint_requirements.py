"""Tell which permissions of a model's role SageMaker needs to host the model.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html.
"""

from collections.abc import Sequence

from local_aws.iam.requirements import Place, Requirement
from local_aws.iam.sagemaker_requirements import ENI_ACTIONS, pull_requirements

_NAMESPACE = "/aws/sagemaker/Endpoints"


def hosting_requirements(endpoint: str, images: Sequence[str], place: Place, *, has_vpc: bool) -> list[Requirement]:
    """Return what starting an instance takes besides reading the model's artifacts.

    Without its log group or metrics an endpoint runs all the same; without its image or network interfaces it does not.
    """
    found = [requirement for image in dict.fromkeys(images) for requirement in pull_requirements(image)]
    if has_vpc:
        found += [Requirement(f"ec2:{action}", "*") for action in ENI_ACTIONS]
    group = place.arn("logs", f"log-group:{_NAMESPACE}/{endpoint}")
    namespace = {"cloudwatch:namespace": _NAMESPACE}
    return [
        *found,
        Requirement("logs:DescribeLogStreams", f"{group}:log-stream:", decides=False),
        Requirement("logs:CreateLogStream", f"{group}:log-stream:variant/instance", decides=False),
        Requirement("logs:PutLogEvents", f"{group}:log-stream:variant/instance", decides=False),
        Requirement("cloudwatch:PutMetricData", "*", namespace, decides=False),
    ]


def alarm_requirements(alarms: Sequence[str], place: Place) -> list[Requirement]:
    """Return what watching the alarms of an update takes."""
    return [Requirement("cloudwatch:DescribeAlarms", place.arn("cloudwatch", f"alarm:{name}")) for name in alarms]
