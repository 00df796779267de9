"""Find and resolve the expressions of a definition: Get, Std:Join, Std:JsonGet."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.parameters import as_text

FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")
EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)
_PATH_TOKEN = re.compile(
    r"""\.?(?:\[(?P<index>-?\d+)\]|\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]|(?P<name>[^.\[\]]+))"""
)


@dataclass(frozen=True)
class Reference:
    """A `Get` of the definition, taken apart.

    Attributes:
        kind: `Parameters`, `Execution` or `Steps`; anything else is wrong.
        name: The parameter, variable or step.
        path: What follows a step's name.
    """

    text: str
    kind: str
    name: str
    path: str


@dataclass(frozen=True)
class Scope:
    """Where the values of expressions come from, during one execution.

    Attributes:
        parameters: Parameter values.
        execution: Returns an execution variable's value.
        properties: Returns the properties of a step that has ended.
        property_file: Returns the S3 URI of a step's property file.
        read_json: Returns the parsed JSON object of an S3 URI.
    """

    parameters: Mapping[str, Any]
    execution: Callable[[str], str]
    properties: Callable[[str], Mapping[str, Any]]
    property_file: Callable[[str, str], str]
    read_json: Callable[[str], Any]


def function_of(value: object) -> str | None:
    """Return which function a JSON value is a call of, or None where it is plain data."""
    if isinstance(value, dict) and len(value) == 1:
        name = next(iter(value))
        return name if name in FUNCTIONS else None
    return None


def parse_reference(text: str) -> Reference:
    """Take a `Get` apart: `Steps.Train.ModelArtifacts` is (Steps, Train, ModelArtifacts)."""
    kind, _, rest = text.partition(".")
    if kind != "Steps":
        return Reference(text, kind, rest, "")
    match = re.match(r"[A-Za-z0-9\-_]*", rest)
    name = match.group() if match else ""
    return Reference(text, kind, name, rest[len(name) :].removeprefix("."))


def find_references(value: Any) -> Iterator[Reference]:
    """Yield every `Get` inside a JSON value, those in Std:Join and Std:JsonGet too."""
    if isinstance(value, list):
        for item in value:
            yield from find_references(item)
    elif function_of(value) == "Get":
        yield parse_reference(str(value["Get"]))
    elif isinstance(value, dict):
        for item in value.values():
            yield from find_references(item)


def split_path(path: str) -> list[str | int]:
    """Take a property path apart: `Outputs['train'].S3Output` is ["Outputs", "train", "S3Output"].

    A leading `$`, as JSONPath has it, is dropped.

    Raises:
        ValueError: The path has empty parts or open brackets.
    """
    rest = path.removeprefix("$")
    tokens: list[str | int] = []
    while rest:
        match = _PATH_TOKEN.match(rest)
        if match is None:
            raise ValueError(f"cannot read the path '{path}' at '{rest}'; write it like a.b[0]['c']")
        index, key, name = match.group("index", "key", "name")
        tokens.append(int(index) if index is not None else key if key is not None else name)
        rest = rest[match.end() :]
    return tokens


def resolve(value: Any, scope: Scope) -> Any:
    """Return a JSON value with every expression replaced by its value.

    Raises:
        StepFailedError: An expression has no value now: a missing property, file or key.
    """
    if isinstance(value, list):
        return [resolve(item, scope) for item in value]
    match function_of(value):
        case "Get":
            return _get(parse_reference(value["Get"]), scope)
        case "Std:Join":
            call = value["Std:Join"]
            return call.get("On", "").join(_text(resolve(item, scope), item) for item in call["Values"])
        case "Std:JsonGet":
            return _json_get(value["Std:JsonGet"], scope)
    if isinstance(value, dict):
        return {key: resolve(item, scope) for key, item in value.items()}
    return value


def look_up(value: Any, path: str, what: str) -> Any:
    """Follow a path into JSON data; a list is indexed by position or by the name of its items.

    Raises:
        StepFailedError: The path leads nowhere; the message says where it ends and what is there.
    """
    try:
        tokens = split_path(path)
    except ValueError as err:
        raise StepFailedError(f"ClientError: {what}: {err}.") from err
    for token in tokens:
        found, value = _step_into(value, token)
        if not found:
            raise StepFailedError(
                f"ClientError: {what} has no '{token}' (path '{path}'). There is: {_inventory(value)}."
            )
    return value


def _get(reference: Reference, scope: Scope) -> Any:
    if reference.kind == "Parameters":
        return scope.parameters[reference.name]
    if reference.kind == "Execution":
        return scope.execution(reference.name)
    return look_up(scope.properties(reference.name), reference.path, f"Reference '{reference.text}'")


def _json_get(call: Mapping[str, Any], scope: Scope) -> Any:
    if "PropertyFile" in call:
        source = call["PropertyFile"]
        reference = parse_reference(source["Get"] if isinstance(source, dict) else source)
        uri = scope.property_file(reference.name, reference.path.removeprefix("PropertyFiles."))
    else:
        uri = resolve(call["S3Uri"], scope)
    return look_up(scope.read_json(uri), call["Path"], f"Property file '{uri}'")


def _text(value: Any, expression: Any) -> str:
    if isinstance(value, (str, int, float)):
        return as_text(value)
    raise StepFailedError(
        f"ClientError: Std:Join takes text, numbers and Booleans; {expression} is {type(value).__name__}."
    )


def _step_into(value: Any, token: str | int) -> tuple[bool, Any]:
    """Return (True, the member) or (False, the value itself)."""
    if isinstance(value, dict):
        key = str(token)
        return (True, value[key]) if key in value else (False, value)
    if isinstance(value, list) and isinstance(token, int):
        return (True, value[token]) if -len(value) <= token < len(value) else (False, value)
    if isinstance(value, list):
        for item in value:
            if token in _names(item):
                return True, item
    return False, value


def _names(item: Any) -> list[str]:
    """Return by what names a list's item can be indexed: OutputName, ChannelName, MetricName, Name, …."""
    return [text for key, text in item.items() if key.endswith("Name")] if isinstance(item, dict) else []


def _inventory(value: Any) -> str:
    if isinstance(value, dict):
        return f"the members {sorted(value)}"
    if isinstance(value, list):
        names = [name for item in value for name in _names(item)]
        return f"a list of {len(value)} items" + (f" named {names}" if names else "")
    return f"the value {value!r}"
