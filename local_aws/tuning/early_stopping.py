"""Decide from a running trial's metric curve whether it goes on.

`MedianRule` is `TrainingJobEarlyStoppingType: Auto` as SageMaker documents it ("Stop Training Jobs Early").
`Hyperband` is asynchronous successive halving, the stopping variant: a trial that reaches a rung goes on only if it is
among the best 1/3 of all that reached it (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Protocol

from local_aws.tuning.trials import Objective, Trial

MEDIAN_RULE_MIN_TRIALS = 3
"""A median of fewer earlier curves says nothing; SageMaker does not publish its own bound."""
REDUCTION_FACTOR = 3
"""Hyperband keeps one trial in three at each rung."""


class StoppingRule(Protocol):
    """Watch the curves of running trials."""

    def should_stop(self, trial: Trial, trials: Sequence[Trial]) -> bool:
        """Return whether to stop a trial that has just reported a value of its objective."""


@dataclass(frozen=True)
class NeverStop:
    """Let every trial run to its end."""

    def should_stop(self, trial: Trial, trials: Sequence[Trial]) -> bool:  # noqa: ARG002 (the port's shape)
        """Return False."""
        return False


@dataclass(frozen=True)
class MedianRule:
    """Stop a trial whose value is worse than the median of earlier trials' running averages up to the same epoch."""

    objective: Objective

    def should_stop(self, trial: Trial, trials: Sequence[Trial]) -> bool:
        """Return whether the trial's latest value is worse than that median."""
        epoch = len(trial.curve)
        averages = [
            fmean(other.curve[:epoch])
            for other in trials
            if other.has_ended and other.objective is not None and len(other.curve) >= epoch
        ]
        if len(averages) < MEDIAN_RULE_MIN_TRIALS:
            return False
        return self.objective.is_better(median(averages), than=trial.curve[-1])


@dataclass
class Hyperband:
    """Halve trials at rungs of MinResource · 3ᵏ epochs; brackets start at different rungs.

    With r rungs, trial n belongs to bracket (n - 1) mod (r + 1): bracket 0 halves from the first rung on, bracket r
    never does, as in Hyperband. A trial ends at MaxResource in any case.
    """

    objective: Objective
    min_resource: int
    max_resource: int
    _reached: dict[tuple[int, int], list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def rungs(self) -> list[int]:
        """Epochs at which trials are compared, without MaxResource itself."""
        rungs = []
        epoch = self.min_resource
        while epoch < self.max_resource:
            rungs.append(epoch)
            epoch *= REDUCTION_FACTOR
        return rungs

    def should_stop(self, trial: Trial, trials: Sequence[Trial]) -> bool:  # noqa: ARG002 (the port's shape)
        """Return whether the trial has used up MaxResource or is not among the best third of its rung."""
        epoch, rungs = len(trial.curve), self.rungs
        if epoch >= self.max_resource:
            return True
        bracket = (trial.number - 1) % (len(rungs) + 1)
        if epoch not in rungs[bracket:]:
            return False
        reached = self._reached[bracket, epoch]
        value = self.objective.best(trial.curve)
        reached.append(value)
        survivors = max(len(reached) // REDUCTION_FACTOR, 1)
        return sorted(reached, reverse=self.objective.maximize).index(value) >= survivors
