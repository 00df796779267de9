"""Do Pass, Choice, Wait, Succeed and Fail."""

import datetime as dt
from typing import Any

from local_aws.step_functions import choices, timestamps
from local_aws.step_functions.errors import RUNTIME, StatesError
from local_aws.step_functions.payloads import parameters, path_input, placed
from local_aws.step_functions.run import Branch
from local_aws.step_functions.states.left import Flow, Left, State, left

_MAX_SECONDS = 99_999_999


def pass_state(branch: Branch, state: State, value: Any, _: Flow) -> Left:
    """Hand the input, or a fixed result, on."""
    result = parameters(state, branch.scope(value))
    if "Result" in state:
        result = state["Result"]
    return left(state, placed(state.get("ResultPath", "$"), value, result), result)


def choice_state(branch: Branch, state: State, value: Any, _: Flow) -> Left:
    """Follow the first rule that holds.

    Raises:
        StatesError: States.NoChoiceMatched.
    """
    given = path_input(state, "InputPath", branch.scope(value))
    for rule in state["Choices"]:
        if choices.holds(rule, branch.scope(given)):
            return Left(given, rule["Next"], rule.get("Assign", {}), given)
    if "Default" not in state:
        name = branch.context["State"]["Name"]
        raise StatesError("States.NoChoiceMatched", f"No choice rule of state '{name}' matched, and it has no Default")
    return Left(given, state["Default"], state.get("Assign", {}), given)


def wait_state(branch: Branch, state: State, value: Any, _: Flow) -> Left:
    """Wait for local seconds, or until a local time."""
    given = path_input(state, "InputPath", branch.scope(value))
    entered = branch.resumed.get("entered", branch.run.plane.clock.time())
    end = _wait_end(branch, state, given, entered)
    branch.wait(max(0.0, end - branch.run.plane.clock.time()))
    return left(state, given, given)


def _wait_end(branch: Branch, state: State, given: Any, entered: float) -> float:
    field = next(name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state)
    wanted = state[field]
    if field.endswith("Path"):
        wanted = path_input(state, field, branch.scope(given))
    if field.startswith("Seconds"):
        if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 <= wanted <= _MAX_SECONDS:
            raise StatesError(RUNTIME, f"{field} of a Wait state is {wanted!r}; allowed is 0 to {_MAX_SECONDS}")
        return float(entered + wanted)
    moment = timestamps.read(wanted)
    if not isinstance(moment, dt.datetime):
        raise StatesError(RUNTIME, f"{field} of a Wait state is {wanted!r}; allowed is an RFC 3339 timestamp")
    return moment.timestamp()


def succeed_state(branch: Branch, state: State, value: Any, _: Flow) -> Left:
    """End the flow."""
    return left({}, path_input(state, "InputPath", branch.scope(value)), None)


def fail_state(branch: Branch, state: State, value: Any, _: Flow) -> Left:
    """Fail the flow.

    Raises:
        StatesError: Always.
    """
    scope = branch.scope(value)
    texts = [
        scope.expression(state[f"{name}Path"]) if f"{name}Path" in state else state.get(name, "")
        for name in ("Error", "Cause")
    ]
    if not all(isinstance(text, str) for text in texts):
        raise StatesError(RUNTIME, f"ErrorPath and CausePath must select texts; they select {texts}")
    raise StatesError(*texts)
