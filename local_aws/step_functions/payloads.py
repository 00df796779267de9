"""Shape the data of states: paths, payload templates, results and variables.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.step_functions import intrinsics, paths
from local_aws.step_functions.errors import RUNTIME, StatesError

_PARAMETER_FAILURE = "States.ParameterPathFailure"


@dataclass(frozen=True)
class Scope:
    """What expressions can name: the value in hand (`$`), the context object (`$$`), variables (`$name`)."""

    value: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any]

    def of(self, value: Any) -> "Scope":
        """Return the scope with another value in hand."""
        return Scope(value, self.context, self.variables)

    def path(self, text: str) -> Any:
        """Return what a path selects.

        Raises:
            paths.PathError: It selects nothing, or is no path.
        """
        parsed = paths.parse(text)
        if parsed.root == "":
            return paths.select(parsed, self.value)
        if parsed.root == "$":
            return paths.select(parsed, self.context)
        if parsed.root not in self.variables:
            raise paths.PathError(f"The variable '{parsed.root}' of the path '{text}' is not set")
        return paths.select(parsed, self.variables[parsed.root])

    def expression(self, text: str) -> Any:
        """Return the value of a path or of an intrinsic function.

        Raises:
            StatesError: States.ParameterPathFailure or States.IntrinsicFailure.
        """
        if intrinsics.is_call(text):
            return intrinsics.evaluate(text, self.expression)
        try:
            return self.path(text)
        except paths.PathError as err:
            raise StatesError(_PARAMETER_FAILURE, str(err)) from err

    def template(self, template: Any) -> Any:
        """Return a payload template with every `name.$` replaced by its value.

        Raises:
            StatesError: An expression has no value.
        """
        if isinstance(template, Mapping):
            return dict(self._entry(key, item) for key, item in template.items())
        if isinstance(template, list):
            return [self.template(item) for item in template]
        return template

    def _entry(self, key: str, item: Any) -> tuple[str, Any]:
        if not key.endswith(".$"):
            return key, self.template(item)
        if not isinstance(item, str):
            raise StatesError(RUNTIME, f"The value for the field '{key}' must be a path or an intrinsic function")
        return key[:-2], self.expression(item)


def path_input(state: Mapping[str, Any], field: str, scope: Scope) -> Any:
    """Return the value in hand after InputPath or OutputPath: null stands for an empty object.

    Raises:
        StatesError: States.Runtime, which no Catch takes.
    """
    text = state.get(field, "$")
    if text is None:
        return {}
    try:
        return scope.path(text)
    except paths.PathError as err:
        raise StatesError(RUNTIME, f"Invalid path '{text}' of {field}: {err}") from err


def parameters(state: Mapping[str, Any], scope: Scope) -> Any:
    """Return a state's effective input: InputPath, then Parameters."""
    value = path_input(state, "InputPath", scope)
    return scope.of(value).template(state["Parameters"]) if "Parameters" in state else value


def result(state: Mapping[str, Any], raw_input: Any, value: Any, scope: Scope) -> Any:
    """Return a state's output before OutputPath: ResultSelector, then ResultPath into the state's input.

    Raises:
        StatesError: The ResultPath cannot be applied, or an expression has no value.
    """
    if "ResultSelector" in state:
        value = scope.of(value).template(state["ResultSelector"])
    return placed(state.get("ResultPath", "$"), raw_input, value)


def placed(path: str | None, raw_input: Any, value: Any) -> Any:
    """Return the input with a result at a ResultPath; null drops the result."""
    if path is None:
        return raw_input
    try:
        return paths.put(paths.parse(path), raw_input, value)
    except paths.PathError as err:
        raise StatesError("States.ResultPathMatchFailure", str(err)) from err
