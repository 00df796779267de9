"""Make the rules by which Step Functions hears of the end of what `.sync` waits for, as the machine's role.

AWS refuses a machine whose role may not. Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.sagemaker.operations import Context
from local_aws.step_functions import resources
from local_aws.step_functions.errors import states_api_error

_RULES = {
    "Processing": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "Training": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "Transform": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    "HyperParameterTuning": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    "": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
"""Kind of job, empty for an execution → AWS's name of the rule."""
_DENIED = {"AccessDeniedException", "AccessDenied"}


def make(context: Context, definition: Mapping[str, Any], role_arn: str) -> None:
    """Make the rules that a definition needs; disabled, as here the records themselves tell.

    Raises:
        ApiError: AccessDeniedException: the role may not.
    """
    if context.plane.settings.iam == "off":
        return
    client = context.plane.client("events", context.region, role_arn, session_name="StepFunctions")
    for name in sorted({_RULES[kind] for kind in _kinds(definition)}):
        try:
            with contextlib.suppress(client.exceptions.ResourceNotFoundException):
                client.describe_rule(Name=name)
            pattern = json.dumps({"source": ["aws.sagemaker", "aws.states"]})
            client.put_rule(Name=name, EventPattern=pattern, State="DISABLED")
            client.put_targets(Rule=name, Targets=[{"Id": "StepFunctions", "Arn": role_arn}])
        except ClientError as err:
            if err.response["Error"]["Code"] not in _DENIED:
                raise
            text = f"'{role_arn}' is not authorized to create managed-rule {name}: {err.response['Error']['Message']}"
            raise states_api_error("AccessDeniedException", text) from err


def _kinds(part: Any) -> Iterator[str]:
    """Yield what a definition's tasks wait for with `.sync`."""
    if isinstance(part, list):
        for item in part:
            yield from _kinds(item)
    if not isinstance(part, Mapping):
        return
    if part.get("Type") == "Task":
        resource = resources.read(str(part["Resource"]))
        if resource.pattern.startswith("sync"):
            action = resource.action[:1].lower() + resource.action[1:]
            yield resources.JOBS.get(action, "")
    for item in part.values():
        yield from _kinds(item)
