"""Wait for the end of another execution (`states:startExecution.sync`)."""

import contextlib
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.step_functions.errors import TASK_FAILED, TIMEOUT, InterruptedFlowError, StatesError
from local_aws.step_functions.records import EXECUTION
from local_aws.step_functions.resources import Resource
from local_aws.step_functions.run import Branch, compact
from local_aws.step_functions.tasks import service_call
from local_aws.store import Key


def wait(branch: Branch, arn: str, resource: Resource, role_arn: str, timeout: float | None) -> Any:
    """Return the description of the execution that has succeeded; its output is parsed with `.sync:2`.

    Raises:
        StatesError: It did not succeed (States.TaskFailed), or the time is over (States.Timeout).
        InterruptedFlowError: The flow is to end; the execution is stopped.
    """
    run = branch.run
    key = Key(EXECUTION, arn, run.key.account_id, run.key.region)

    def is_done(seconds: float) -> bool:
        return run.plane.store.wait(key, lambda record: record["status"] != "RUNNING", seconds) is not None

    try:
        is_in_time = branch.wait_for_work(is_done, timeout)
    except InterruptedFlowError:
        if not run.is_suspended:
            _stop(branch, arn, role_arn)
        raise
    if not is_in_time:
        _stop(branch, arn, role_arn)
        raise StatesError(TIMEOUT, f"The execution {arn} did not end within {timeout or 0:g} seconds")
    describe = Resource("stepfunctions", "DescribeExecution", "states", "describeExecution")
    described = service_call.call(branch, describe, {"ExecutionArn": arn}, role_arn)
    if resource.pattern == "sync:2":
        described |= {name: json.loads(described[name]) for name in ("Input", "Output") if described.get(name)}
    if described["Status"] != "SUCCEEDED":
        raise StatesError(TASK_FAILED, compact(described))
    return described


def _stop(branch: Branch, arn: str, role_arn: str) -> None:
    with contextlib.suppress(ClientError, BotoCoreError):  # it may have ended by itself
        branch.run.client("stepfunctions", role_arn).stop_execution(executionArn=arn)
