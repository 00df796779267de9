"""Run a search: propose, start, watch, stop; one loop, fed by events.

Reproducible in parallel: under a RandomSeed, trial n is proposed from the outcomes of trials 1 to n - lag only, with
lag = 2 · MaxParallelTrainingJobs, in the order of their numbers; trials in between count as running. So proposals do
not depend on which trial ends first. In the rare case that trial n - lag still runs when a slot is free, the slot waits
for it (simulated: 0.3 % more wall time where durations vary by a factor of 1.6, 3 % where by 2.2); a shorter lag would
wait more often, a longer one would know less. Without a seed every known outcome counts and no slot ever waits.

Stopping trials early (Auto, Hyperband) looks at what other trials have reported by then: there the moment matters, as
on SageMaker.
"""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from local_aws.tuning.completion import CompletionCriteria, failure_reason, is_hopeless
from local_aws.tuning.early_stopping import StoppingRule
from local_aws.tuning.ranges import SearchSpace
from local_aws.tuning.strategies import Observation, Search
from local_aws.tuning.trials import Objective, Trial


@dataclass(frozen=True)
class MetricReported:
    """A running trial logged a value of the objective metric."""

    number: int
    value: float


@dataclass(frozen=True)
class TrialEnded:
    """A trial's training job is over."""

    number: int
    status: str
    objective: float | None = None
    started: datetime | None = None
    ended: datetime | None = None
    failure_reason: str | None = None
    has_model: bool = True


@dataclass(frozen=True)
class StopRequested:
    """Somebody called StopHyperParameterTuningJob."""


Event = MetricReported | TrialEnded | StopRequested


class Trainer(Protocol):
    """Run training jobs."""

    def start(self, trial: Trial, report: Callable[[Event], None]) -> None:
        """Start a trial's training job; report its metrics and its end from any thread. Sets the trial's ARN."""

    def stop(self, trial: Trial) -> None:
        """Ask a training job to stop; its end is reported all the same."""


@dataclass(frozen=True)
class Algorithm:
    """One training job definition as the search sees it; `prior` comes from warm start."""

    space: SearchSpace
    search: Search
    prior: tuple[Observation, ...] = ()


@dataclass(frozen=True)
class TuningPlan:
    """What to search and for how long; several algorithms take turns."""

    objective: Objective
    algorithms: tuple[Algorithm, ...]
    rule: StoppingRule
    criteria: CompletionCriteria
    max_trials: int
    max_parallel: int
    max_seconds: float | None = None
    is_reproducible: bool = False

    @property
    def lag(self) -> int:
        """How many trials back a trial must be to inform a proposal (see the module's docstring)."""
        if not self.is_reproducible:
            return 0
        return 1 if self.max_parallel == 1 else 2 * self.max_parallel


@dataclass(frozen=True)
class Verdict:
    """How a search ended: Completed, Failed or Stopped."""

    status: str
    failure_reason: str | None = None


class Tuner:
    """Search until the plan's limits; `post` may be called from any thread, `run` from one."""

    def __init__(
        self,
        plan: TuningPlan,
        trainer: Trainer,
        name_trial: Callable[[int], str],
        publish: Callable[[Sequence[Trial]], None],
        now: Callable[[], datetime],
    ) -> None:
        self.trials: list[Trial] = []
        self._plan = plan
        self._trainer = trainer
        self._name_trial = name_trial
        self._publish = publish
        self._now = now
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._is_closing = False
        self._was_stopped = False

    def post(self, event: Event) -> None:
        """Hand an event to the loop."""
        self._events.put(event)

    def run(self) -> Verdict:
        """Search; returns when the last trial has ended."""
        deadline = None if self._plan.max_seconds is None else time.monotonic() + self._plan.max_seconds
        self._launch()
        while self._running:
            event = self._next_event(None if self._is_closing else deadline)
            if event is None:
                self._close()
            else:
                self._handle(event)
            self._launch()
        if self._was_stopped:
            return Verdict("Stopped")
        reason = failure_reason(self.trials)
        return Verdict("Failed" if reason else "Completed", reason)

    def stop_all(self) -> None:
        """Stop every running trial."""
        for trial in self._running:
            self._stop(trial)

    @property
    def _running(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.has_ended]

    def _next_event(self, deadline: float | None) -> Event | None:
        if deadline is None:
            return self._events.get()
        try:
            return self._events.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            return None

    def _handle(self, event: Event) -> None:
        if isinstance(event, StopRequested):
            self._was_stopped = True
            self._close()
            return
        trial = self.trials[event.number - 1]
        if isinstance(event, MetricReported):
            trial.curve.append(event.value)
            if not trial.is_stopping and self._plan.rule.should_stop(trial, self.trials):
                self._stop(trial)
            return
        self._end(trial, event)
        self._publish(self.trials)
        if self._plan.criteria.is_met(self.trials) or is_hopeless(self.trials):
            self._close()

    def _end(self, trial: Trial, event: TrialEnded) -> None:
        trial.objective = event.objective
        if event.status == "Stopped" and trial.curve:
            trial.objective = self._plan.objective.best(trial.curve)
        if event.status == "Stopped" and self._is_closing and not event.has_model:
            # The end of the search cut it short: it must not be the best training job with nothing to show for it.
            trial.objective = None
        trial.started, trial.ended = event.started, event.ended
        trial.failure_reason = event.failure_reason
        trial.status = event.status

    def _close(self) -> None:
        """Start nothing more and stop what runs."""
        self._is_closing = True
        self.stop_all()
        self._publish(self.trials)

    def _stop(self, trial: Trial) -> None:
        if not trial.is_stopping:
            trial.is_stopping = True
            self._trainer.stop(trial)

    def _launch(self) -> None:
        plan = self._plan
        while not self._is_closing and len(self.trials) < plan.max_trials and len(self._running) < plan.max_parallel:
            number = len(self.trials) + 1
            if plan.lag and not all(trial.has_ended for trial in self.trials[: max(number - plan.lag, 0)]):
                return
            trial = self._propose(number)
            self.trials.append(trial)
            self._trainer.start(trial, self.post)
            self._publish(self.trials)

    def _propose(self, number: int) -> Trial:
        index = (number - 1) % len(self._plan.algorithms)
        algorithm = self._plan.algorithms[index]
        known = [*algorithm.prior, *self._observations(number, index)]
        turn = (number - 1) // len(self._plan.algorithms) + 1
        values = algorithm.search.propose(turn, known)
        return Trial(number, index, self._name_trial(number), values, created=self._now())

    def _observations(self, number: int, index: int) -> list[Observation]:
        horizon = number - self._plan.lag
        space = self._plan.algorithms[index].space
        observations = []
        for trial in self.trials:
            coordinates = space.locate(trial.values)
            if trial.definition != index or coordinates is None:
                continue
            observation = Observation(coordinates, trial.objective, is_running=not trial.has_ended)
            if self._plan.lag and trial.number > horizon:
                observation = replace(observation, value=None, is_running=True)
            observations.append(observation)
        return observations
