"""Keep the books of a tuning job: its trials, their curves, counts and order."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Objective:
    """What the search optimises: a metric, and whether more of it is better."""

    metric: str
    maximize: bool

    def is_better(self, value: float, than: float) -> bool:
        """Return whether a value beats another one."""
        return value > than if self.maximize else value < than

    def best(self, values: Iterable[float]) -> float:
        """Return the best of one or more values."""
        return max(values) if self.maximize else min(values)


@dataclass
class Trial:
    """One training job of a tuning job.

    Attributes:
        number: 1, 2, … in the order of their start.
        definition: Index of the training job definition it runs.
        name: Training job name.
        values: Tuned hyperparameters, as strings.
        status: The training job's status.
        objective: Final value of the objective metric; None until it ends, or where the log never named it.
        curve: Values of the objective metric in the order the job reported them, one an epoch.
    """

    number: int
    definition: int
    name: str
    values: Mapping[str, str]
    created: datetime
    arn: str = ""
    status: str = "InProgress"
    objective: float | None = None
    curve: list[float] = field(default_factory=list)
    started: datetime | None = None
    ended: datetime | None = None
    failure_reason: str | None = None
    is_stopping: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether the training job is over."""
        return self.status in ENDED

    @property
    def objective_status(self) -> str:
        """SageMaker's ObjectiveStatus: Pending, Succeeded or Failed."""
        if not self.has_ended:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"


def best_first(trials: Iterable[Trial], objective: Objective) -> list[Trial]:
    """Sort trials by their objective, the best first; those without a value come last, in their order of start."""

    def rank(trial: Trial) -> tuple[bool, float, int]:
        value = 0.0 if trial.objective is None else trial.objective
        return trial.objective is None, -value if objective.maximize else value, trial.number

    return sorted(trials, key=rank)


def best_trial(trials: Iterable[Trial], objective: Objective) -> Trial | None:
    """Return the ended trial with the best objective, or None."""
    ranked = best_first([t for t in trials if t.has_ended and t.objective is not None], objective)
    return ranked[0] if ranked else None


def training_counters(trials: Iterable[Trial]) -> dict[str, int]:
    """Return SageMaker's TrainingJobStatusCounters; every failure counts as one that a retry would not cure."""
    counts = Counter(trial.status for trial in trials)
    return {
        "Completed": counts["Completed"],
        "InProgress": counts["InProgress"] + counts["Stopping"],
        "RetryableError": 0,
        "NonRetryableError": counts["Failed"],
        "Stopped": counts["Stopped"],
    }


def objective_counters(trials: Iterable[Trial]) -> dict[str, int]:
    """Return SageMaker's ObjectiveStatusCounters."""
    counts = Counter(trial.objective_status for trial in trials)
    return {status: counts[status] for status in ("Succeeded", "Pending", "Failed")}
