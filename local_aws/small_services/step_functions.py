"""Answer Step Functions: the operations of `local_aws.step_functions`, and by name those that are not simulated."""

import functools
from typing import Any

from local_aws.errors import NotSimulatedError
from local_aws.sagemaker.operations import Context
from local_aws.sagemaker.validation import checked_request, pruned_response
from local_aws.small_services import ANSWERS
from local_aws.step_functions import executions, machines
from local_aws.step_functions.operations import OPERATIONS

_MODEL = "stepfunctions"
_REFUSED = (
    *("CreateActivity", "DeleteActivity", "DescribeActivity", "ListActivities", "GetActivityTask"),
    *("CreateStateMachineAlias", "DeleteStateMachineAlias", "DescribeStateMachineAlias", "ListStateMachineAliases"),
    *("UpdateStateMachineAlias", "DeleteStateMachineVersion", "ListStateMachineVersions", "PublishStateMachineVersion"),
    *("DescribeMapRun", "ListMapRuns", "UpdateMapRun", "TestState"),
)
_ = executions, machines  # their operations register themselves


def _answer(name: str, context: Context, request: dict[str, Any]) -> dict[str, Any]:
    if name not in OPERATIONS:
        known = ", ".join(sorted(OPERATIONS))
        raise NotSimulatedError(f"The local AWS does not simulate Step Functions' {name}. It simulates: {known}.")
    return pruned_response(_MODEL, name, OPERATIONS[name](context, checked_request(_MODEL, name, request)))


ANSWERS.update({("states", name): functools.partial(_answer, name) for name in (*OPERATIONS, *_REFUSED)})
