"""Check every request against the botocore model: members, types, enums, patterns, limits."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from pipelines.checks.model import REQUEST_OPERATIONS, Definition, Finding, Step, is_expression, sagemaker_model

# The service makes these names itself; Model and Transform may carry one.
_GENERATED_NAMES = {
    "ProcessingJobName", "TrainingJobName", "HyperParameterTuningJobName", "TransformJobName", "ModelName",
}  # fmt: skip
# The SDK adds this to inputs and outputs; the service accepts it although the API has no such member.
_SDK_MEMBERS = {"AppManaged"}
_COMPARISONS = {"Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"}
_MAX_ERROR_MESSAGE = 3072
_PARAMETER_TYPES = {"String": "string", "Integer": "integer", "Float": "float", "Boolean": "boolean"}
_SCALARS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
_CONVERSIONS = {("integer", "float"), ("integer", "double"), ("integer", "long"), ("float", "double")}

Report = Callable[[str, str, str], None]


def requests(definition: Definition) -> Iterator[Finding]:
    """Arguments are a request of the step's create operation, without the name of the job."""
    for step in definition.steps:
        if step.type not in REQUEST_OPERATIONS:
            continue
        shape = sagemaker_model().operation_model(REQUEST_OPERATIONS[step.type]).input_shape
        assert isinstance(shape, StructureShape)
        found: list[Finding] = []

        def report(check: str, path: str, text: str, step: Step = step, found: list[Finding] = found) -> None:
            found.append(Finding(check, step.name, f"{path.lstrip('.')} {text}"))

        _Walk(definition, report).structure(step.arguments, shape, "")
        yield from found


def conditions(definition: Definition) -> Iterator[Finding]:
    """A Condition step has conditions of known types with both their operands."""
    for step in definition.steps:
        if step.type != "Condition":
            continue
        if not step.arguments.get("Conditions"):
            yield Finding("condition", step.name, "has no Conditions")
        for condition in step.arguments.get("Conditions") or []:
            yield from (Finding("condition", step.name, text) for text in _condition_faults(condition))


def fail_messages(definition: Definition) -> Iterator[Finding]:
    """A Fail step has a message of at most 3072 characters."""
    for step in definition.steps:
        if step.type != "Fail":
            continue
        message = step.arguments.get("ErrorMessage")
        if not (isinstance(message, str) or is_expression(message)):
            yield Finding("fail-message", step.name, "needs an ErrorMessage")
        elif isinstance(message, str) and len(message) > _MAX_ERROR_MESSAGE:
            yield Finding("fail-message", step.name, f"ErrorMessage is longer than {_MAX_ERROR_MESSAGE} characters")


def lambdas(definition: Definition) -> Iterator[Finding]:
    """A Lambda step names its function and passes single values; its outputs have types."""
    for step in definition.steps:
        if step.type != "Lambda":
            continue
        if not step.raw.get("FunctionArn"):
            yield Finding("lambda", step.name, "needs a FunctionArn")
        for name, value in step.arguments.items():
            if isinstance(value, dict | list) and not is_expression(value):
                yield Finding("lambda", step.name, f"argument {name} must be a single value, but is {value!r}")
        for output in step.raw.get("OutputParameters") or []:
            if output.get("OutputType") not in _PARAMETER_TYPES:
                text = f"output {output.get('OutputName')} needs an OutputType of {', '.join(_PARAMETER_TYPES)}"
                yield Finding("lambda", step.name, text)


def retries(definition: Definition) -> Iterator[Finding]:
    """A retry policy ends by MaxAttempts or by ExpireAfterMin, one of them."""
    for step in definition.steps:
        for policy in step.raw.get("RetryPolicies") or []:
            if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
                yield Finding("retry-policy", step.name, "give MaxAttempts or ExpireAfterMin, and one of them only")
            if step.type == "Tuning" and "SageMaker.JOB_INTERNAL_ERROR" in policy.get("ExceptionType", []):
                yield Finding("retry-policy", step.name, "a Tuning step does not retry SageMaker.JOB_INTERNAL_ERROR")


def _condition_faults(condition: Any) -> Iterator[str]:
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind in _COMPARISONS:
        yield from (f"{kind} lacks {side}" for side in ("LeftValue", "RightValue") if side not in condition)
    elif kind == "In":
        yield from (f"In lacks {member}" for member in ("QueryValue", "Values") if member not in condition)
    elif kind == "Not":
        yield from _condition_faults(condition.get("Condition"))
    elif kind == "Or":
        for inner in condition.get("Conditions") or [None]:
            yield from _condition_faults(inner)
    else:
        yield f"condition type {kind!r} is none of {', '.join(sorted({*_COMPARISONS, 'In', 'Not', 'Or'}))}"


class _Walk:
    """Walk a request along its shape."""

    def __init__(self, definition: Definition, report: Report) -> None:
        self._parameters = definition.parameters
        self._report = report

    def structure(self, value: dict[str, Any], shape: StructureShape, path: str) -> None:
        for name in shape.required_members:
            if name not in value and not (path == "" and name in _GENERATED_NAMES):
                self._report("missing-member", f"{path}.{name}", "is missing")
        for name, item in value.items():
            if name in shape.members:
                self.any(item, shape.members[name], f"{path}.{name}")
            elif name not in _SDK_MEMBERS:
                self._report("unknown-member", f"{path}.{name}", f"does not exist in {shape.name}")

    def any(self, value: Any, shape: Shape, path: str) -> None:
        if is_expression(value):
            self._expression(value, shape, path)
        elif isinstance(shape, StructureShape) and isinstance(value, dict):
            self.structure(value, shape, path)
        elif isinstance(shape, ListShape) and isinstance(value, list):
            self._limits(len(value), shape, path, "items")
            for index, item in enumerate(value):
                self.any(item, shape.member, f"{path}[{index}]")
        elif isinstance(shape, MapShape) and isinstance(value, dict):
            self._limits(len(value), shape, path, "entries")
            for key, item in value.items():
                self.any(item, shape.value, f"{path}.{key}")
        elif shape.type_name in _SCALARS and _SCALARS[shape.type_name](value):
            self._scalar(value, shape, path)
        else:
            self._report("wrong-type", path, f"must be of type {shape.type_name}, but is {value!r}")

    def _expression(self, value: dict[str, Any], shape: Shape, path: str) -> None:
        if shape.type_name not in _SCALARS:
            self._report("wrong-type", path, f"must be of type {shape.type_name}, but is an expression")
        name = str(value.get("Get", "")).removeprefix("Parameters.")
        given = _PARAMETER_TYPES.get(self._parameters.get(name, {}).get("Type", ""), shape.type_name)
        if given != shape.type_name and (given, shape.type_name) not in _CONVERSIONS:
            self._report("wrong-type", path, f"must be of type {shape.type_name}, but parameter {name} is {given}")

    def _scalar(self, value: Any, shape: Shape, path: str) -> None:
        choices = shape.metadata.get("enum") or []
        if choices and value not in choices:
            self._report("not-in-enum", path, f"is {value!r}, but must be one of {', '.join(choices[:8])} …")
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            self._report("pattern", path, f"is {value!r}, but must match {pattern}")
        size, unit = (len(value), "characters") if isinstance(value, str) else (value, "in value")
        self._limits(size, shape, path, unit)

    def _limits(self, size: float, shape: Shape, path: str, unit: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and size < low) or (high is not None and size > high):
            self._report("out-of-range", path, f"has {size} {unit}, allowed are {low} to {high}")


def _matches(pattern: str, value: str) -> bool:
    if "${Token[" in value:  # a CDK token stands for a name that is not known yet
        return True
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # a Java pattern which Python cannot read, e.g. \p{L}
        return True
