"""Walk through states: enter, do, handle errors, leave."""

from collections.abc import Mapping
from typing import Any

from local_aws.step_functions.errors import RUNTIME, InterruptedFlowError, StatesError
from local_aws.step_functions.history import payload
from local_aws.step_functions.paths import PathError
from local_aws.step_functions.payloads import path_input, placed
from local_aws.step_functions.run import Branch, compact
from local_aws.step_functions.states import HANDLERS, Left
from local_aws.step_functions.states.retries import Retries

State = Mapping[str, Any]
_MOST_EVENTS = 24_990
_MOST_BYTES = 262_144


def run_flow(branch: Branch, flow: Mapping[str, Any], value: Any, start: str | None = None) -> Any:
    """Run a machine, a branch or an item processor from its first state, or from `start`, and return its output.

    Raises:
        StatesError: A state failed, and nothing caught it.
        InterruptedFlowError: The flow was told to end.
    """
    name: str | None = start or str(flow["StartAt"])
    while name is not None:
        branch.check()
        if branch.run.history.count > _MOST_EVENTS:
            raise StatesError(RUNTIME, "The execution reached the maximum number of history events (25000).")
        left = _run_state(branch, name, flow["States"][name], value)
        value, name = left.output, left.next_state
    return value


def _run_state(branch: Branch, name: str, state: State, value: Any) -> Left:
    kind = str(state["Type"])
    branch.enter(name)
    if not branch.resumed:
        branch.event(f"{kind}StateEntered", {"name": name, **payload("input", value)})
        _keep_position(branch, name, value)
    left = _attempted(branch, state, value)
    branch.resumed = {}
    try:
        variables = branch.scope(left.assign_from).template(left.assign)
    except PathError as err:
        raise StatesError(RUNTIME, f"Assign of state '{name}': {err}") from err
    branch.variables.update(variables)
    if kind != "Fail":
        shown = {"assignedVariables": {key: _text(item) for key, item in variables.items()}} if variables else {}
        branch.event(f"{kind}StateExited", {"name": name, **payload("output", left.output), **shown})
    return left


def _text(value: Any) -> str:
    return str(payload("value", value)["value"])


def _keep_position(branch: Branch, name: str, value: Any) -> None:
    if not branch.is_main:
        return
    position = {"state": name, "input": value, "variables": dict(branch.variables), "previous": branch.previous}
    position["entered"] = branch.run.plane.clock.time()
    branch.run.plane.store.update(branch.run.key, lambda record: record.update(_position=position))


def _attempted(branch: Branch, state: State, value: Any) -> Left:
    """Do what the state does, again after errors that it retries, and then by the catcher of the last one."""
    retries = Retries(state.get("Retry", ()))
    while True:
        try:
            left = _filtered(branch, state, HANDLERS[state["Type"]](branch, state, value, run_flow))
        except InterruptedFlowError:
            raise
        except StatesError as error:
            delay = retries.delay_after(error)
            if delay is None:
                return _caught(state, value, error)
            branch.resumed = {}
            branch.context["State"]["RetryCount"] += 1
            branch.wait(delay)
        else:
            return left


def _filtered(branch: Branch, state: State, left: Left) -> Left:
    """Apply OutputPath, and the limit on what states hand on."""
    if "OutputPath" in state:
        left = left.with_output(path_input(state, "OutputPath", branch.scope(left.output)))
    if len(compact(left.output).encode()) > _MOST_BYTES:
        name = branch.context["State"]["Name"]
        text = (
            f"The state/task '{name}' returned a result with a size exceeding the service limit of {_MOST_BYTES} bytes."
        )
        raise StatesError("States.DataLimitExceeded", text)
    return left


def _caught(state: State, value: Any, error: StatesError) -> Left:
    for catcher in state.get("Catch", ()):
        if error.is_named(catcher["ErrorEquals"]):
            output = placed(catcher.get("ResultPath", "$"), value, error.output())
            return Left(output, catcher["Next"], catcher.get("Assign", {}), error.output())
    raise error
