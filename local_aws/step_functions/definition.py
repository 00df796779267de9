"""Read a definition in the Amazon States Language, and find what is wrong with it before anything runs.

Source: https://states-language.net/spec.html, https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.step_functions import choices, intrinsics, paths, resources, timestamps

State = Mapping[str, Any]
TERMINAL = {"Succeed", "Fail"}
_COMMON = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End", "InputPath", "OutputPath", "Assign"}
_SHAPED = {"Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
_TIMES = {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"}
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_MAP = {"ItemsPath", "ItemSelector", "ItemProcessor", "Iterator", "MaxConcurrency", "MaxConcurrencyPath"}
_TOLERANCE = {"ToleratedFailureCount", "ToleratedFailurePercentage", "Label"}
_FIELDS = {
    "Pass": _FLOW | {"Result", "Parameters", "ResultPath"},
    "Task": _FLOW | _SHAPED | _TIMES | {"Resource", "Credentials"},
    "Choice": {"Choices", "Default", "InputPath", "OutputPath", "Assign"},
    "Wait": _FLOW | set(_WAITS),
    "Succeed": {"InputPath", "OutputPath"},
    "Fail": {"Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": _FLOW | _SHAPED | {"Branches"},
    "Map": _FLOW | _SHAPED | _MAP | _TOLERANCE,
}
_PATHS = (
    "InputPath",
    "OutputPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
)
_MAX_NAME = 80
_MAX_BYTES = 1_048_576
_NUMBERS = {
    "BackoffRate": (int, float),
    "HeartbeatSeconds": (int,),
    "IntervalSeconds": (int,),
    "MaxAttempts": (int,),
    "MaxConcurrency": (int,),
    "MaxDelaySeconds": (int,),
    "Seconds": (int,),
    "TimeoutSeconds": (int,),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where, as ValidateStateMachineDefinition reports it."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        """Return the problem as CreateStateMachine words it."""
        return f"{self.code}: {self.message} at {self.location}"


def check(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return the parsed definition and its problems; a definition with problems cannot run."""
    if len(text.encode()) > _MAX_BYTES:
        return {}, [_wrong(f"The definition has {len(text.encode())} bytes; allowed are {_MAX_BYTES}", "/")]
    try:
        definition = json.loads(text)
    except ValueError as err:
        return {}, [Problem("INVALID_JSON_DESCRIPTION", f"Invalid State Machine Definition: {err}", "/")]
    if not isinstance(definition, dict):
        return {}, [Problem("INVALID_JSON_DESCRIPTION", "The definition is no JSON object", "/")]
    try:
        return definition, [*_numbers(definition, ""), *_flow(definition, "")]
    except (TypeError, AttributeError, KeyError, IndexError) as err:
        return definition, [_wrong(f"An element has another type than the language says ({err})", "/")]


def _flow(flow: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield the problems of a machine, a branch or an item processor."""
    states = flow.get("States")
    if not isinstance(states, dict) or not states:
        yield _wrong("These fields are required: [States]", where)
        return
    if flow.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield _wrong("The local AWS evaluates JSONPath only; QueryLanguage JSONata is not simulated", where)
        return
    if "StartAt" not in flow:
        yield _wrong("These fields are required: [StartAt]", where)
    elif flow["StartAt"] not in states:
        yield Problem("MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {flow['StartAt']}", f"{where}/StartAt")
    for name, state in states.items():
        yield from _state(name, state, states, f"{where}/States/{name}")
    reached = _reached(flow)
    for name in states:
        if "StartAt" in flow and name not in reached:
            yield Problem("UNREACHABLE_STATE", f'State "{name}" is not reachable', f"{where}/States/{name}")


def _state(name: str, state: Any, states: Mapping[str, Any], where: str) -> Iterator[Problem]:
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in _FIELDS:
        yield _wrong(f"Value is not one of the allowed values: [{', '.join(_FIELDS)}]", f"{where}/Type")
        return
    if len(name) > _MAX_NAME:
        yield _wrong(f"State names can have up to {_MAX_NAME} characters", where)
    if state.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield _wrong("The local AWS evaluates JSONPath only; QueryLanguage JSONata is not simulated", where)
        return
    for field in state.keys() - _FIELDS[kind] - _COMMON:
        yield _wrong(f"Field is not supported: '{field}'", where)
    if problems := list(_numbers(state, where)):
        yield from problems
        return
    yield from _transitions(state, states, where)
    yield from _handlers(state, states, where)
    yield from _expressions(state, where)
    if kind in _CHECKS:
        yield from _CHECKS[kind](state, where)


def _numbers(part: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield the fields that must be numbers and are none: a substituted text stays a text."""
    for field, types in _NUMBERS.items():
        value = part.get(field, 1)
        if isinstance(value, bool) or not isinstance(value, types) or value < 0:
            yield _wrong(f"Expected value of type Integer, which is {value!r}", f"{where}/{field}")
    for number, retrier in enumerate(part.get("Retry", ())):
        yield from _numbers(retrier, f"{where}/Retry[{number}]")


def _transitions(state: State, states: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if state["Type"] not in {*TERMINAL, "Choice"} and ("Next" in state) == bool(state.get("End")):
        yield _wrong("Exactly one of these fields is required: [Next, End]", where)
    for target, at in targets(state):
        if target not in states:
            yield Problem("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", f"{where}/{at}")


def targets(state: State) -> Iterator[tuple[str, str]]:
    """Yield every state that can follow one, and the field that says so."""
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], field
    for field in ("Choices", "Catch"):
        for number, item in enumerate(state.get(field, ())):
            if "Next" in item:
                yield item["Next"], f"{field}[{number}]/Next"


def _reached(flow: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    left = [flow.get("StartAt")]
    while left:
        name = left.pop()
        state = flow["States"].get(name)
        if name not in found and isinstance(state, dict):
            found.add(str(name))
            left += [target for target, _ in targets(state)]
    return found


def _handlers(state: State, states: Mapping[str, Any], where: str) -> Iterator[Problem]:
    del states  # the targets of catchers are checked with the others
    for field in ("Retry", "Catch"):
        for number, item in enumerate(state.get(field, ())):
            names, at = item.get("ErrorEquals"), f"{where}/{field}[{number}]"
            if not isinstance(names, list) or not names:
                yield _wrong("These fields are required: [ErrorEquals]", at)
            elif "States.ALL" in names and (len(names) > 1 or number < len(state[field]) - 1):
                yield _wrong("'States.ALL' must appear alone, and in the last element", at)
            if field == "Catch" and "Next" not in item:
                yield _wrong("These fields are required: [Next]", at)
            if field == "Retry" and item.get("BackoffRate", 2) < 1:
                yield _wrong("BackoffRate must be 1.0 or more", at)


def _expressions(state: State, where: str) -> Iterator[Problem]:
    for field in _PATHS:
        if isinstance(text := state.get(field), str):
            yield from _path(text, f"{where}/{field}")
    for field in ("Parameters", "ResultSelector", "ItemSelector", "Assign"):
        yield from _template(state.get(field), f"{where}/{field}")
    if state.get("ResultPath") is not None:
        yield from _path(state["ResultPath"], f"{where}/ResultPath")


def _template(template: Any, where: str) -> Iterator[Problem]:
    if isinstance(template, list):
        for number, item in enumerate(template):
            yield from _template(item, f"{where}[{number}]")
    if not isinstance(template, dict):
        return
    for key, item in template.items():
        if not key.endswith(".$"):
            yield from _template(item, f"{where}/{key}")
        elif not isinstance(item, str):
            yield _wrong(
                f"The value for the field '{key}' must be a valid JSONPath or intrinsic function", f"{where}/{key}"
            )
        elif not intrinsics.is_call(item):
            yield from _path(item, f"{where}/{key}")


def _path(text: Any, where: str) -> Iterator[Problem]:
    try:
        paths.parse(str(text))
    except paths.PathError as err:
        yield _wrong(f"Value is not a valid JSONPath: {err}", where)


def _wait(state: State, where: str) -> Iterator[Problem]:
    if sum(field in state for field in _WAITS) != 1:
        yield _wrong(f"Exactly one of these fields is required: [{', '.join(_WAITS)}]", where)
    if "Timestamp" in state and timestamps.read(state["Timestamp"]) is None:
        yield _wrong("Value is not a valid timestamp: RFC 3339 such as 2026-01-31T23:59:59Z", f"{where}/Timestamp")


def _choice(state: State, where: str) -> Iterator[Problem]:
    if not state.get("Choices"):
        yield _wrong("These fields are required: [Choices]", where)
    for number, rule in enumerate(state.get("Choices", ())):
        at = f"{where}/Choices[{number}]"
        if "Next" not in rule:
            yield _wrong("These fields are required: [Next]", at)
        yield from _rule(rule, at)


def _rule(rule: Any, where: str) -> Iterator[Problem]:
    for field in ("And", "Or"):
        for number, item in enumerate(rule.get(field, ())):
            yield from _rule(item, f"{where}/{field}[{number}]")
    if "Not" in rule:
        yield from _rule(rule["Not"], f"{where}/Not")
    if {"And", "Or", "Not"} & set(rule):
        return
    if not choices.comparison_of(rule):
        yield _wrong(f"A comparison operator is required; allowed are {', '.join(choices.COMPARISONS)}", where)
    if "Variable" not in rule:
        yield _wrong("These fields are required: [Variable]", where)
    else:
        yield from _path(rule["Variable"], f"{where}/Variable")


def _task(state: State, where: str) -> Iterator[Problem]:
    if "Resource" not in state:
        yield _wrong("These fields are required: [Resource]", where)
    elif why := resources.why_invalid(str(state["Resource"])):
        yield _wrong(why, f"{where}/Resource")
    if state.get("HeartbeatSeconds", 0) >= state.get("TimeoutSeconds", 99_999_999):
        yield _wrong("HeartbeatSeconds must be smaller than TimeoutSeconds", where)


def _parallel(state: State, where: str) -> Iterator[Problem]:
    if not state.get("Branches"):
        yield _wrong("These fields are required: [Branches]", where)
    for number, branch in enumerate(state.get("Branches", ())):
        yield from _flow(branch, f"{where}/Branches[{number}]")


def _map(state: State, where: str) -> Iterator[Problem]:
    field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    if field not in state:
        yield _wrong("These fields are required: [ItemProcessor]", where)
        return
    if state[field].get("ProcessorConfig", {}).get("Mode", "INLINE") != "INLINE":
        yield _wrong("The local AWS runs Map states in INLINE mode; DISTRIBUTED is not simulated", f"{where}/{field}")
    yield from _flow(state[field], f"{where}/{field}")


def _wrong(message: str, where: str) -> Problem:
    return Problem("SCHEMA_VALIDATION_FAILED", message, where or "/")


_CHECKS: dict[str, Callable[[State, str], Iterator[Problem]]] = {
    "Choice": _choice,
    "Map": _map,
    "Parallel": _parallel,
    "Task": _task,
    "Wait": _wait,
}
