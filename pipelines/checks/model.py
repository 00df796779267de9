"""Read a definition into steps and references, the terms in which the checks are written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import botocore.session
from botocore.model import ServiceModel

REQUEST_OPERATIONS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Transform": "CreateTransformJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
}
JOB_TYPES = ("Processing", "Training", "Tuning")
_EXPRESSIONS = ("Get", "Std:Join", "Std:JsonGet")
_PATH_PART = re.compile(r"\.?([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']*)'\]")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: which check says so, in which step, and what is allowed."""

    check: str
    step: str
    message: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"[{self.check}] {self.step + ': ' if self.step else ''}{self.message}"


@dataclass(frozen=True)
class Step:
    """One step; a step in a branch knows its condition."""

    name: str
    type: str
    raw: dict[str, Any]
    condition: str = ""
    branch: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """The step's request, or {} where it has none."""
        found = self.raw.get("Arguments")
        return found if isinstance(found, dict) else {}

    @property
    def own(self) -> dict[str, Any]:
        """Everything of the step except the steps in its branches."""
        arguments = {key: value for key, value in self.arguments.items() if key not in {"IfSteps", "ElseSteps"}}
        return {**self.raw, "Arguments": arguments}

    @property
    def job(self) -> dict[str, Any]:
        """The part of the request which describes the (training) job."""
        if self.type == "Tuning":
            return dict(self.arguments.get("TrainingJobDefinition") or {})
        return self.arguments

    @property
    def is_cached(self) -> bool:
        """Whether the service may answer the step from an earlier execution."""
        return bool(self.raw.get("CacheConfig", {}).get("Enabled"))


@dataclass(frozen=True)
class Reference:
    """One `Get`: `Parameters.X`, `Execution.X` or `Steps.X.path`, and where it stands."""

    text: str
    location: str

    @property
    def parts(self) -> list[str | int]:
        """The path as names and indexes; empty where it cannot be read."""
        parts: list[str | int] = []
        position = 0
        while position < len(self.text):
            match = _PATH_PART.match(self.text, position)
            if not match:
                return []
            name, index, key = match.groups()
            parts.append(int(index) if index is not None else name if name is not None else key)
            position = match.end()
        return parts

    @property
    def step(self) -> str:
        """The step it refers to, or an empty string."""
        parts = self.parts
        return str(parts[1]) if len(parts) > 1 and parts[0] == "Steps" else ""


@dataclass(frozen=True)
class Definition:
    """A definition in terms of its steps."""

    raw: dict[str, Any]
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Read all steps, those in branches included."""
        return cls(raw, tuple(_walk_steps(raw["Steps"])))

    def step(self, name: str) -> Step | None:
        """Return the step of a name, or None."""
        return next((step for step in self.steps if step.name == name), None)

    @property
    def jobs(self) -> tuple[Step, ...]:
        """The steps that run processing or training jobs."""
        return tuple(step for step in self.steps if step.type in JOB_TYPES)

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The pipeline's parameters by name."""
        return {str(item.get("Name")): item for item in self.raw.get("Parameters") or []}

    def dependencies(self, step: Step) -> set[str]:
        """Return the names of the steps that must come before one: by reference, DependsOn, and its condition."""
        named = {entry["Step"] if isinstance(entry, dict) else str(entry) for entry in step.raw.get("DependsOn") or []}
        referenced = {reference.step for reference in references_in(step.own)} - {""}
        return named | referenced | ({step.condition} - {""})


def is_expression(value: Any) -> bool:
    """Tell whether a JSON value is a placeholder that SageMaker fills in when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _EXPRESSIONS


def references_in(value: Any, location: str = "") -> Iterator[Reference]:
    """Yield every `Get` in a JSON value."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield Reference(str(value["Get"]), location)
            return
        for key, item in value.items():
            yield from references_in(item, f"{location}.{key}" if location else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references_in(item, f"{location}[{index}]")


@cache
def sagemaker_model() -> ServiceModel:
    """Return botocore's description of the SageMaker API."""
    return botocore.session.Session().get_service_model("sagemaker")


def _walk_steps(raws: list[Any], condition: str = "", branch: str = "") -> Iterator[Step]:
    for raw in raws:
        step = Step(str(raw.get("Name", "")), str(raw.get("Type", "")), raw, condition, branch)
        yield step
        for key in ("IfSteps", "ElseSteps") if step.type == "Condition" else ():
            yield from _walk_steps(step.arguments.get(key) or [], step.name, key)
