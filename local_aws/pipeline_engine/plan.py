"""Say which steps may start, given what has ended: the graph of one definition."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from local_aws.pipeline_engine.model import Definition, Step, Trigger
from local_aws.pipeline_engine.references import find_references

State = Literal["Executing", "Succeeded", "Failed", "Stopped", "Skipped"]
"""What became of a step; a step that has not started has no state."""

Verdict = Literal["start", "wait", "skip"]
_ENDED: dict[str, Trigger] = {"Succeeded": "Completed", "Failed": "Failed", "Stopped": "Stopped"}


@dataclass(frozen=True)
class Plan:
    """The steps to run and what each waits for."""

    steps: Mapping[str, Step]
    dependencies: Mapping[str, Mapping[str, Trigger]]

    @classmethod
    def of(cls, definition: Definition, only: Collection[str] | None = None) -> "Plan":
        """Return the plan of a definition, or of the steps selected by `only`, which then wait just for each other."""
        chosen = {step.name: step for step in definition.steps if only is None or step.name in only}
        waits = {name: dependencies_of(step) for name, step in chosen.items()}
        if only is not None:
            waits = {name: {d: t for d, t in needs.items() if d in chosen} for name, needs in waits.items()}
        return cls(chosen, waits)

    def next_steps(self, states: Mapping[str, State], outcomes: Mapping[str, bool]) -> tuple[list[Step], set[str]]:
        """Return the steps that may start now, in the definition's order, and all that never will.

        Args:
            states: State of every step that started or was skipped.
            outcomes: Results of the Condition steps that have ended.
        """
        known = dict(states)
        while newly_skipped := {
            name for name in self.steps if name not in known and self._verdict(name, known, outcomes) == "skip"
        }:
            known |= dict.fromkeys(newly_skipped, "Skipped")
        halted = bool(self.unhandled_failures(known))
        ready = [
            step
            for name, step in self.steps.items()
            if name not in known
            and self._verdict(name, known, outcomes) == "start"
            and (not halted or self._handles_failure(name))
        ]
        return ready, {name for name, state in known.items() if state == "Skipped"} - set(states)

    def unhandled_failures(self, states: Mapping[str, State]) -> list[str]:
        """Return the failed or stopped steps whose failure no step waits for."""
        return [name for name, state in states.items() if state in {"Failed", "Stopped"} and not self._is_handled(name)]

    def _is_handled(self, failed: str) -> bool:
        return any(needs.get(failed, "Completed") != "Completed" for needs in self.dependencies.values())

    def _handles_failure(self, name: str) -> bool:
        return any(trigger != "Completed" for trigger in self.dependencies[name].values())

    def _verdict(self, name: str, states: Mapping[str, State], outcomes: Mapping[str, bool]) -> Verdict:
        branch = self.steps[name].branch
        if branch is not None and outcomes.get(branch.condition, branch.outcome) != branch.outcome:
            return "skip"
        verdicts = {_verdict_of(states.get(needed), trigger) for needed, trigger in self.dependencies[name].items()}
        return "skip" if "skip" in verdicts else "wait" if "wait" in verdicts else "start"


def dependencies_of(step: Step) -> dict[str, Trigger]:
    """Return what a step waits for: DependsOn, the steps it refers to, and the Condition it is a branch of."""
    referred = find_references([dict(step.arguments), dict(step.settings)])
    needs: dict[str, Trigger] = {reference.name: "Completed" for reference in referred if reference.kind == "Steps"}
    if step.branch is not None:
        needs[step.branch.condition] = "Completed"
    return needs | {dependency.step: dependency.trigger for dependency in step.depends_on}


def _verdict_of(state: State | None, trigger: Trigger) -> Verdict:
    if state is None or state == "Executing":
        return "wait"
    if state == "Skipped":
        return "skip"
    return "start" if trigger in {"Any", _ENDED[state]} else "skip"
