"""Read what the platform made from the outputs of its stacks: no file to pass around, no names to guess."""

import json
from typing import Any

from botocore.exceptions import ClientError

from pipelines.errors import ResourcesError
from pipelines.names import command_line
from pipelines.resources import Resources

STAGES = ("sandbox", "prod")
_OUTPUT = "Resources"


def stack_name(stage: str, stack: str) -> str:
    """Return the name of a stage's stack."""
    return f"FlightDelay-{stage}-{stack}"


def deployed_resources(cloudformation: Any, stage: str) -> Resources:
    """Return the resources of a deployed stage.

    Raises:
        ResourcesError: The stage is not deployed.
    """
    name = stack_name(stage, "Training")
    values = stack_outputs(cloudformation, name)
    if _OUTPUT not in values:
        raise ResourcesError(
            f"the stack {name} is not deployed, or has no output {_OUTPUT!r}",
            hint=f"`{command_line('deploy')}` deploys the platform to the local AWS, --target aws to an account",
        )
    return Resources.from_dict(json.loads(values[_OUTPUT]))


def stack_outputs(cloudformation: Any, name: str) -> dict[str, str]:
    """Return the outputs of a stack; nothing where it does not exist."""
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
