"""A trainer without training: time passes only when the tuner waits, one event at a time."""

import datetime as dt
from collections.abc import Callable

from local_aws.tuning.bayesian import BayesianSearch
from local_aws.tuning.completion import CompletionCriteria
from local_aws.tuning.early_stopping import NeverStop
from local_aws.tuning.ranges import CategoricalRange, NumericRange, SearchSpace
from local_aws.tuning.strategies import RandomSearch
from local_aws.tuning.trials import Objective, Trial
from local_aws.tuning.tuner import Algorithm, Event, MetricReported, StopRequested, TrialEnded, Tuner, TuningPlan

SPACE = SearchSpace(
    (
        NumericRange("eta", 0.01, 1.0, "Logarithmic"),
        NumericRange("max_depth", 2, 9, is_integer=True),
        CategoricalRange("booster", ("gbtree", "dart")),
    )
)
MAXIMIZE = Objective("validation:auc", maximize=True)
MINIMIZE = Objective("validation:logloss", maximize=False)
RANDOM = RandomSearch(SPACE, 7)
BAYESIAN = BayesianSearch(SPACE, 7, maximize=True, startup=4)


def eta(trial: Trial) -> list[float]:
    return [float(trial.values["eta"])]


class FakeTrainer:
    """Training jobs whose logs a test writes.

    Attributes:
        curve: Trial to the values its job logs, one a step; an empty curve is a log without the metric.
        fails: Numbers of the trials whose job fails.
        pick: Which of the running trials gets on at the next step.
    """

    def __init__(
        self,
        curve: Callable[[Trial], list[float]] = eta,
        fails: frozenset[int] | set[int] = frozenset(),
        pick: Callable[[list[Trial]], Trial] = lambda running: running[0],
    ):
        self.curve, self.fails, self.pick = curve, fails, pick
        self.running: list[Trial] = []
        self.stopped: list[int] = []
        self.most_at_once = 0
        self.leaves_model = True
        self._report: Callable[[Event], None] = lambda event: None

    def start(self, trial: Trial, report: Callable[[Event], None]) -> None:
        self._report = report
        self.running.append(trial)
        self.most_at_once = max(self.most_at_once, len(self.running))

    def stop(self, trial: Trial) -> None:
        self.stopped.append(trial.number)
        self.running.remove(trial)
        self._report(TrialEnded(trial.number, "Stopped", has_model=self.leaves_model))

    def step(self) -> None:
        """Let one running trial log its next value, or end."""
        trial = self.pick(self.running)
        curve = [] if trial.number in self.fails else self.curve(trial)
        if len(trial.curve) < len(curve):
            self._report(MetricReported(trial.number, curve[len(trial.curve)]))
            return
        self.running.remove(trial)
        if trial.number in self.fails:
            self._report(TrialEnded(trial.number, "Failed", failure_reason="AlgorithmError: exit code 1"))
        else:
            self._report(TrialEnded(trial.number, "Completed", objective=curve[-1] if curve else None))


class SteppedTuner(Tuner):
    """A tuner that lets its fake trainer step instead of waiting."""

    stop_after: int | None = None

    def _next_event(self, deadline):
        if self._events.empty():
            if self.stop_after is not None and sum(trial.has_ended for trial in self.trials) >= self.stop_after:
                self.stop_after = None
                self.post(StopRequested())
            elif deadline is None or deadline > 0:
                self._trainer.step()
        return super()._next_event(deadline)


def make_plan(search=RANDOM, prior=(), **changes) -> TuningPlan:
    defaults = {
        "objective": MAXIMIZE,
        "algorithms": (Algorithm(SPACE, search, tuple(prior)),),
        "rule": NeverStop(),
        "criteria": CompletionCriteria(changes.get("objective", MAXIMIZE)),
        "max_trials": 10,
        "max_parallel": 1,
        "is_reproducible": True,
    }
    return TuningPlan(**{**defaults, **changes})


def make_tuner(trainer: FakeTrainer, search=RANDOM, prior=(), published=None, **changes) -> SteppedTuner:
    published = [] if published is None else published
    return SteppedTuner(
        make_plan(search, prior, **changes),
        trainer,
        lambda number: f"job-{number:03d}",
        lambda trials: published.append([trial.status for trial in trials]),
        lambda: dt.datetime.now(dt.UTC),
    )
