"""Do Task: call a service as the machine's role, and wait as the resource's pattern says."""

from typing import Any

from local_aws.step_functions import resources
from local_aws.step_functions.errors import RUNTIME, StatesError
from local_aws.step_functions.payloads import parameters, path_input, result
from local_aws.step_functions.run import Branch
from local_aws.step_functions.states.left import Flow, Left, State, left
from local_aws.step_functions.tasks.call import Task, perform
from local_aws.step_functions.tasks.tokens import new_token


def task_state(branch: Branch, state: State, value: Any, _: Flow) -> Left:
    """Run a task.

    Raises:
        StatesError: It failed, or its time is over.
    """
    resource = resources.read(state["Resource"])
    token = ""
    if resource.pattern == "waitForTaskToken":
        token = branch.resumed.get("token") or new_token()
        branch.context["Task"] = {"Token": token}
    scope = branch.scope(value)
    task = Task(
        branch,
        resource,
        parameters(state, scope),
        role_arn=_role(branch, state, value),
        timeout=_seconds(branch, state, "TimeoutSeconds", value),
        heartbeat=_seconds(branch, state, "HeartbeatSeconds", value),
        token=token,
    )
    try:
        output = perform(task)
    finally:
        branch.context.pop("Task", None)
    return left(state, result(state, value, output, scope), output)


def _role(branch: Branch, state: State, value: Any) -> str:
    given = branch.scope(value).template(state.get("Credentials", {}))
    return str(given.get("RoleArn", branch.run.role_arn))


def _seconds(branch: Branch, state: State, field: str, value: Any) -> float | None:
    seconds = state.get(field)
    if f"{field}Path" in state:
        seconds = path_input(state, f"{field}Path", branch.scope(value))
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
            raise StatesError(RUNTIME, f"{field}Path must select a positive integer; it selects {seconds!r}")
    return None if seconds is None else float(seconds)
