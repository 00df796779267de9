"""Decide when a search has enough: SageMaker's TuningJobCompletionCriteria."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.tuning.trials import Objective, Trial

CONVERGENCE_WINDOW = 10
CONVERGENCE_SHARE = 0.01
MAX_REASON = 1024
MAX_FAILED_IN_A_ROW = 5
"""SageMaker gives up after so many training jobs when none of them brought a result."""


@dataclass(frozen=True)
class CompletionCriteria:
    """When to end a search before MaxNumberOfTrainingJobs.

    Attributes:
        target: Objective value that is good enough.
        patience: Number of training jobs without improvement.
        detect_convergence: Simulation of ConvergenceDetected: the last 10 trials improved the best value by less than
            1 % of the spread of all values.
    """

    objective: Objective
    target: float | None = None
    patience: int | None = None
    detect_convergence: bool = False

    def is_met(self, trials: Sequence[Trial]) -> bool:
        """Return whether any of the criteria ends the search now."""
        values = ended_values(trials)
        if not values:
            return False
        best = self.objective.best(values)
        on_target = self.target is not None and (best == self.target or self.objective.is_better(best, self.target))
        no_progress = self.patience is not None and self.not_improving(trials) >= self.patience
        return on_target or no_progress or self.has_converged(trials)

    def not_improving(self, trials: Sequence[Trial]) -> int:
        """Return how many trials ended since the best one."""
        values = ended_values(trials)
        return len(values) - 1 - values.index(self.objective.best(values)) if values else 0

    def has_converged(self, trials: Sequence[Trial]) -> bool:
        """Return whether the search stands still, as far as this simulation can tell."""
        values = ended_values(trials)
        if not self.detect_convergence or len(values) < 2 * CONVERGENCE_WINDOW:
            return False
        gain = abs(self.objective.best(values) - self.objective.best(values[:-CONVERGENCE_WINDOW]))
        return gain <= CONVERGENCE_SHARE * (max(values) - min(values))


def parse_criteria(request: Mapping[str, Any], objective: Objective) -> CompletionCriteria:
    """Build the criteria from an API `TuningJobCompletionCriteria` structure."""
    return CompletionCriteria(
        objective,
        target=request.get("TargetObjectiveMetricValue"),
        patience=request.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving"),
        detect_convergence=request.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled",
    )


def ended_values(trials: Sequence[Trial]) -> list[float]:
    """Return the objectives of the trials that ended with one, in the order they ended."""
    ended = [trial for trial in trials if trial.has_ended and trial.objective is not None]
    ended.sort(key=lambda trial: (trial.ended is None, trial.ended, trial.number))
    return [trial.objective for trial in ended if trial.objective is not None]


def failure_reason(trials: Sequence[Trial]) -> str | None:
    """Return why a search without a single result has failed; None if it has a result.

    Worded as SageMaker, and then, unlike SageMaker, with the reason of the first training job that failed.
    """
    ended = [trial for trial in trials if trial.has_ended]
    if not ended or any(trial.objective is not None for trial in ended):
        return None
    if any(trial.status == "Completed" for trial in ended):
        return (
            f"No objective metrics found after running {len(ended)} training jobs. Please ensure that the custom "
            "algorithm is emitting the objective metric as defined by the regular expression provided."
        )
    if not all(trial.status == "Failed" for trial in ended):
        return None
    reason = "All training jobs failed. Please take a look at the training jobs failures to get more details."
    if len(ended) >= MAX_FAILED_IN_A_ROW:
        reason = (
            f"No training job succeeded after {len(ended)} attempts. "
            "Please take a look at the training job failures to get more details."
        )
    return f"{reason} {ended[0].name}: {ended[0].failure_reason}"[:MAX_REASON]


def is_hopeless(trials: Sequence[Trial]) -> bool:
    """Return whether to give up: the first trials all ended without a result."""
    return sum(trial.has_ended for trial in trials) >= MAX_FAILED_IN_A_ROW and failure_reason(trials) is not None
