"""Check the shape of the whole: size, names, types, order."""

import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pipelines.checks.model import Definition, Finding, is_expression

MAX_CHARACTERS = 1_048_576
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPES = {
    "AutoML", "Callback", "ClarifyCheck", "Condition", "EMR", "EMRServerless", "Endpoint", "EndpointConfig", "Fail",
    "InferenceComponent", "Lambda", "Lineage", "Model", "Processing", "QualityCheck", "RegisterModel", "Training",
    "Transform", "Tuning",
}  # fmt: skip

_MEMBERS = {
    "Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description", "CacheConfig", "RetryPolicies",
    "PropertyFiles",
}  # fmt: skip
# Only these step types may have further members of their own; the steps that this project emits have none.
_OPEN_TYPES = {
    "AutoML", "Callback", "ClarifyCheck", "EMR", "EMRServerless", "Endpoint", "EndpointConfig", "InferenceComponent",
    "Lambda", "Lineage", "QualityCheck",
}  # fmt: skip
_VERSION = "2020-12-01"
_PARAMETER_TYPES: dict[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
}


def size(text: str) -> list[Finding]:
    """A definition has at most 1,048,576 characters."""
    if len(text) <= MAX_CHARACTERS:
        return []
    return [Finding("size-limit", "", f"the definition has {len(text):,} characters, at most {MAX_CHARACTERS:,}")]


def version(definition: Definition) -> Iterator[Finding]:
    """The definition names the one version of the schema that there is."""
    if definition.raw.get("Version") != _VERSION:
        yield Finding("version", "", f"Version is {definition.raw.get('Version')!r}, but must be {_VERSION!r}")


def parameters(definition: Definition) -> Iterator[Finding]:
    """A parameter is of a known type; its default is of that type and one of its allowed values."""
    for name, parameter in definition.parameters.items():
        kind = parameter.get("Type")
        if kind not in _PARAMETER_TYPES:
            allowed = ", ".join(_PARAMETER_TYPES)
            yield Finding("parameter-type", "", f"parameter {name}: type {kind!r} is none of {allowed}")
        elif "DefaultValue" in parameter:
            yield from _default(name, str(kind), parameter)


def _default(name: str, kind: str, parameter: dict[str, Any]) -> Iterator[Finding]:
    value, choices = parameter["DefaultValue"], parameter.get("EnumValues")
    if is_expression(value):
        return
    if not isinstance(value, _PARAMETER_TYPES[kind]) or (isinstance(value, bool) and kind != "Boolean"):
        yield Finding("parameter-default", "", f"parameter {name}: the default {value!r} is not of type {kind}")
    elif choices and value not in choices:
        yield Finding("parameter-default", "", f"parameter {name}: the default {value!r} is none of {choices}")


def step_members(definition: Definition) -> Iterator[Finding]:
    """A step has no member that the schema of definitions does not know."""
    for step in definition.steps:
        unknown = set(step.raw) - _MEMBERS if step.type not in _OPEN_TYPES else set()
        for member in sorted(unknown):
            text = f"a step has no member {member!r}; there are {', '.join(sorted(_MEMBERS))}"
            yield Finding("unknown-step-member", step.name, text)


def step_names(definition: Definition) -> Iterator[Finding]:
    """A step's name has 1 to 64 letters, digits, hyphens and underscores."""
    for step in definition.steps:
        if not _NAME.fullmatch(step.name):
            yield Finding("step-name", step.name, f"{step.name!r} must match {_NAME.pattern}")


def unique_names(definition: Definition) -> Iterator[Finding]:
    """A name is given once, branches included; the same holds for parameters."""
    names = Counter(step.name for step in definition.steps)
    for name, count in names.items():
        if count > 1:
            yield Finding("unique-names", name, f"{count} steps have this name")
    parameters = Counter(str(item.get("Name")) for item in definition.raw.get("Parameters") or [])
    for name, count in parameters.items():
        if count > 1:
            yield Finding("unique-names", "", f"{count} parameters have the name {name}")


def step_types(definition: Definition) -> Iterator[Finding]:
    """A step is of a type that SageMaker knows."""
    for step in definition.steps:
        if step.type not in _TYPES:
            yield Finding("step-type", step.name, f"type {step.type!r} is none of {', '.join(sorted(_TYPES))}")


def cycle(definition: Definition) -> Iterator[Finding]:
    """No step waits for itself."""
    graph = {step.name: definition.dependencies(step) for step in definition.steps}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        path = " → ".join(error.args[1])
        yield Finding("cycle", str(error.args[1][0]), f"these steps wait for each other: {path}")


def branch_order(definition: Definition) -> Iterator[Finding]:
    """A step depends on nothing that may not run: no step of another branch, no Fail step."""
    for step in definition.steps:
        for name in sorted(definition.dependencies(step)):
            other = definition.step(name)
            if other is None:
                continue
            if other.type == "Fail":
                yield Finding("branch-order", step.name, f"nothing may depend on the Fail step {name}")
            elif other.condition and (other.condition, other.branch) != (step.condition, step.branch):
                yield Finding("branch-order", step.name, f"{name} runs only in a branch of {other.condition}")
