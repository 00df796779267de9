"""Show what ran as a picture of the pipeline: its steps in stages, each after what it waits for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.run_facts import CLASSES, SYMBOLS, RunFacts, Step
from pipelines.report.wording import duration, plural


@dataclass(frozen=True)
class Card:
    """A step in the picture of the pipeline."""

    name: str
    kind: str
    status: str
    detail: str
    class_: str
    symbol: str


def pipeline(run: RunFolder) -> dict[str, Any]:
    """Return the stages of the pipeline, each with its steps."""
    steps = {step.name: step for step in RunFacts.of(run).steps}
    stages = _stages(run["definition"]) or [[name] for name in steps]
    if not stages:
        raise MissingPartError("The run left neither its steps (steps.json) nor its definition (definition.json).")
    kinds = {step.text("Name"): step.text("Type") for step in _walk(run["definition"].rows("Steps"))}
    cards = [[_card(name, steps.get(name), kinds.get(name, "")) for name in stage] for stage in stages]
    return {"stages": cards, "retried": [step for step in steps.values() if step.attempts > 1]}


def _card(name: str, step: Step | None, kind: str) -> Card:
    if step is None or step.status in ("", "NotStarted"):
        return Card(name, step.kind if step else kind, "not run", "not run", "off", "")
    detail = "from the cache" if step.cache_hit else duration(step.seconds)
    if step.attempts > 1:
        detail += f", {plural(step.attempts, 'attempt')}"
    class_ = "cache" if step.cache_hit else CLASSES.get(step.status, "off")
    return Card(name, step.kind or kind, step.status, detail, class_, SYMBOLS.get(step.status, ""))


def _walk(steps: Iterable[Document]) -> Iterable[Document]:
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _walk(step.rows("Arguments", branch))


def _stages(definition: Document) -> list[list[str]]:
    """Return the steps' names by depth: a step comes one stage after the last of the steps it waits for."""
    depth: dict[str, int] = {}
    before = _dependencies(definition.rows("Steps"))
    for _ in before:
        depth = {
            name: 1 + max((depth.get(other, -1) for other in needed), default=-1) for name, needed in before.items()
        }
    stages: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name, level in depth.items():
        stages[level].append(name)
    return stages


def _dependencies(steps: list[Document], condition: str = "") -> dict[str, set[str]]:
    """Return which steps each step waits for: DependsOn, references in its arguments, and its condition."""
    found: dict[str, set[str]] = {}
    for step in steps:
        arguments = {key: value for key, value in step.items("Arguments") if key not in ("IfSteps", "ElseSteps")}
        named = {str(name.value) for name in step.rows("DependsOn")}
        referenced = {name for argument in arguments.values() for name in _references(argument.value)}
        found[step.text("Name")] = {*named, *referenced, *([condition] if condition else [])}
        for branch in ("IfSteps", "ElseSteps"):
            found |= _dependencies(step.rows("Arguments", branch), step.text("Name"))
    return {name: {other for other in needed if other != name} for name, needed in found.items()}


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        got = value.get("Get")
        if isinstance(got, str) and got.startswith("Steps."):
            yield got.split(".")[1].partition("[")[0]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
