"""Do Map in INLINE mode: the same states for each item of a list."""

from typing import Any

from local_aws.step_functions.errors import RUNTIME, InterruptedFlowError, StatesError
from local_aws.step_functions.payloads import Scope, path_input, result
from local_aws.step_functions.run import Branch, Stop
from local_aws.step_functions.states.branching import Job, side_by_side
from local_aws.step_functions.states.left import Flow, Left, State, left

_MAX_INLINE = 40


def map_state(branch: Branch, state: State, value: Any, run_flow: Flow) -> Left:
    """Run the item processor for each item; the first iteration that fails ends the others.

    Raises:
        StatesError: An iteration failed; or States.Runtime: there is no list to go through.
    """
    scope = branch.scope(path_input(state, "InputPath", branch.scope(value)))
    items = path_input(state, "ItemsPath", scope)
    if not isinstance(items, list):
        raise StatesError(RUNTIME, f'Reference path "{state.get("ItemsPath", "$")}" must point to array.')
    limit = state.get("MaxConcurrency", 0)
    if "MaxConcurrencyPath" in state:
        limit = path_input(state, "MaxConcurrencyPath", scope)
    branch.event("MapStateStarted", {"length": len(items)})
    jobs = [_iteration(branch, state, scope, (index, item), run_flow) for index, item in enumerate(items)]
    try:
        outputs = side_by_side(branch, jobs, min(int(limit) or _MAX_INLINE, _MAX_INLINE))
    except StatesError:
        branch.event("MapStateFailed")
        raise
    branch.event("MapStateSucceeded")
    return left(state, result(state, value, outputs, branch.scope(outputs)), outputs)


def _iteration(branch: Branch, state: State, scope: Scope, entry: tuple[int, Any], run_flow: Flow) -> Job:
    index, item = entry
    flow = state.get("ItemProcessor", state.get("Iterator"))
    shown = {"name": branch.context["State"]["Name"], "index": index}

    def run(stop: Stop) -> Any:
        inner = branch.child(stop, {"Map": {"Item": {"Index": index, "Value": item}}})
        inner.event("MapIterationStarted", shown)
        template = state.get("ItemSelector", state.get("Parameters"))
        given = item if template is None else Scope(scope.value, inner.context, inner.variables).template(template)
        try:
            output = run_flow(inner, flow, given)
        except StatesError:
            inner.event("MapIterationFailed", shown)
            raise
        except InterruptedFlowError:
            inner.event("MapIterationAborted", shown)
            raise
        inner.event("MapIterationSucceeded", shown)
        return output

    return run
