"""Check the shape of the whole: size, names, types, order."""

import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from pipelines.checks.model import Definition, Finding

MAX_CHARACTERS = 1_048_576
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPES = {
    "AutoML", "Callback", "ClarifyCheck", "Condition", "EMR", "EMRServerless", "Endpoint", "EndpointConfig", "Fail",
    "InferenceComponent", "Lambda", "Lineage", "Model", "Processing", "QualityCheck", "RegisterModel", "Training",
    "Transform", "Tuning",
}  # fmt: skip


def size(text: str) -> list[Finding]:
    """A definition has at most 1,048,576 characters."""
    if len(text) <= MAX_CHARACTERS:
        return []
    return [Finding("size-limit", "", f"the definition has {len(text):,} characters, at most {MAX_CHARACTERS:,}")]


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
