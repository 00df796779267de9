"""Run one tuning job from its record to its end."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.containers.cpus import available_cpus
from local_aws.data_plane import DataPlane
from local_aws.store import Key, Record
from local_aws.tuning.bayesian import BayesianSearch, load_model
from local_aws.tuning.definitions import Definition
from local_aws.tuning.early_stopping import NeverStop
from local_aws.tuning.record import write_overall_best, write_trials
from local_aws.tuning.training_jobs import TrainingJobs
from local_aws.tuning.trials import Trial
from local_aws.tuning.tuner import StopRequested, Tuner, TuningPlan, Verdict
from local_aws.tuning.warm_start import OVER

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TuningJob:
    """A tuning job that is about to run; `record` is what the store holds of it."""

    plane: DataPlane
    key: Key
    definitions: Sequence[Definition]
    plan: TuningPlan
    parents: Sequence[Record]

    def run(self, record: Mapping[str, Any]) -> None:
        """Search until the end, then write the final status; a stop is noticed through the record."""
        trainer = TrainingJobs(
            self.plane,
            self.key,
            record["HyperParameterTuningJobArn"],
            self.definitions,
            record["_tags"],
            follow_metrics=not isinstance(self.plan.rule, NeverStop),
            cpus=cpu_share(self.plan.max_parallel),
        )
        tuner = Tuner(self.plan, trainer, self._name_trial, self._publish, self.plane.clock.now)
        self.plane.spawn(f"{self.key.name}-stop", lambda: self._await_stop(tuner))
        if any(isinstance(algorithm.search, BayesianSearch) for algorithm in self.plan.algorithms):
            self.plane.spawn(f"{self.key.name}-model", load_model)
        self._finish(_search(tuner))

    def _name_trial(self, number: int) -> str:
        return f"{self.key.name}-{number:03d}-{secrets.token_hex(4)}"

    def _publish(self, trials: Sequence[Trial]) -> None:
        def change(record: Record) -> None:
            write_trials(record, trials, self.definitions, self.plan.criteria, self.plane.clock.now())
            write_overall_best(record, self.parents, self.plan.objective)

        self.plane.store.update(self.key, change)

    def _await_stop(self, tuner: Tuner) -> None:
        record = self.plane.store.wait(self.key, lambda job: job["HyperParameterTuningJobStatus"] != "InProgress")
        if record is not None and record["HyperParameterTuningJobStatus"] == "Stopping":
            tuner.post(StopRequested())

    def _finish(self, verdict: Verdict) -> None:
        def change(record: Record) -> None:
            if record["HyperParameterTuningJobStatus"] in OVER:
                return
            now = self.plane.clock.now()
            record["HyperParameterTuningEndTime"] = record["LastModifiedTime"] = now
            record["ConsumedResources"] = {"RuntimeInSeconds": round((now - record["CreationTime"]).total_seconds())}
            is_stopping = record["HyperParameterTuningJobStatus"] == "Stopping"
            record["HyperParameterTuningJobStatus"] = "Stopped" if is_stopping else verdict.status
            if verdict.failure_reason and not is_stopping:
                record["FailureReason"] = verdict.failure_reason

        self.plane.store.update(self.key, change)


def _search(tuner: Tuner) -> Verdict:
    """Run a search; a fault of ours ends it as Failed, with nothing left running."""
    try:
        return tuner.run()
    except Exception as err:  # noqa: BLE001 (the boundary: a fault of ours must end the job too)
        _LOG.exception("the search crashed")
        tuner.stop_all()
        return Verdict("Failed", f"InternalServerError: the local AWS failed: {type(err).__name__}: {err}")


def cpu_share(parallel: int) -> int | None:
    """Return how many CPUs each of several parallel trials gets; None, all of them, where one runs at a time."""
    return None if parallel == 1 else max(1, len(available_cpus()) // parallel)
