"""Run trials as SageMaker training jobs: through the API, awaited in the store.

The API calls are the service's own, as on SageMaker: the caller of CreateHyperParameterTuningJob needs no permission to
create training jobs, and neither does the jobs' role. Only what a job itself does runs under its role.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.data_plane import DataPlane
from local_aws.jobs.failures import SERVER_STOPPED
from local_aws.jobs.training import CPU_SHARE
from local_aws.store import Key, Record
from local_aws.tuning.definitions import Definition
from local_aws.tuning.record import definition_with_objective
from local_aws.tuning.trials import ENDED, Trial
from local_aws.tuning.tuner import Event, MetricReported, StopRequested, TrialEnded

COPIED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
    "Environment",
)


@dataclass(frozen=True)
class TrainingJobs:
    """The tuner's trainer: every trial is a training job of the tuning job's account and region.

    Attributes:
        key: Store key of the tuning job.
        follow_metrics: Report every value of the objective as it is logged (for early stopping).
        cpus: CPUs that each trial may use; None is all.
    """

    plane: DataPlane
    key: Key
    arn: str
    definitions: Sequence[Definition]
    tags: Sequence[Mapping[str, str]]
    follow_metrics: bool
    cpus: int | None = None

    def start(self, trial: Trial, report: Callable[[Event], None]) -> None:
        """Create the training job and follow it on a thread; a refused creation is a failed trial."""
        definition = self.definitions[trial.definition]
        if self.cpus is not None:
            self.plane.store.insert(self._job_key(trial, CPU_SHARE), {"cpus": self.cpus})
        try:
            response = self._client().create_training_job(**training_request(definition, trial, self.tags))
        except ClientError as err:
            error = err.response["Error"]
            self.plane.store.delete(self._job_key(trial, CPU_SHARE))
            report(TrialEnded(trial.number, "Failed", failure_reason=f"{error['Code']}: {error['Message']}"))
            return
        trial.arn = response["TrainingJobArn"]
        self.plane.store.update(self._job_key(trial), lambda job: job.update(TuningJobArn=self.arn))
        self.plane.spawn(f"{trial.name}-watch", lambda: self._follow(trial, definition, report))

    def stop(self, trial: Trial) -> None:
        """Stop the training job; one that has just ended is no error."""
        try:
            self._client().stop_training_job(TrainingJobName=trial.name)
        except ClientError as err:
            if err.response["Error"]["Code"] != "ValidationException":
                raise

    def _follow(self, trial: Trial, definition: Definition, report: Callable[[Event], None]) -> None:
        metric, seen = definition.objective["MetricName"], 0
        try:
            while True:
                job = self._wait(trial, metric, seen)
                curve = metric_curve(job, metric) if self.follow_metrics else []
                for value in curve[seen:]:
                    report(MetricReported(trial.number, value))
                seen = len(curve)
                if job["TrainingJobStatus"] in ENDED:
                    break
        except KeyError:
            report(
                TrialEnded(trial.number, "Failed", failure_reason="InternalServerError: the training job was deleted")
            )
            return
        finally:
            self.plane.store.delete(self._job_key(trial, CPU_SHARE))
        if job.get("FailureReason") == SERVER_STOPPED:
            report(StopRequested())
        report(trial_end(trial.number, job, metric))

    def _wait(self, trial: Trial, metric: str, seen: int) -> Record:
        def has_news(job: Record) -> bool:
            is_longer = self.follow_metrics and len(metric_curve(job, metric)) > seen
            return is_longer or job["TrainingJobStatus"] in ENDED

        job = self.plane.store.wait(self._job_key(trial), has_news)
        assert job is not None, "waiting without a timeout returns a record"
        return job

    def _job_key(self, trial: Trial, kind: str = "training-job") -> Key:
        return Key(kind, trial.name, self.key.account_id, self.key.region)

    def _client(self) -> Any:
        return self.plane.client("sagemaker", self.key.region)


def training_request(definition: Definition, trial: Trial, tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the CreateTrainingJob request of a trial."""
    body = definition_with_objective(definition)
    request = {
        "TrainingJobName": trial.name,
        "HyperParameters": {**body["StaticHyperParameters"], **trial.values},
        **{key: body[key] for key in COPIED if key in body},
    }
    if checkpoints := body.get("CheckpointConfig"):
        # Trials must not resume from each other's checkpoints.
        request["CheckpointConfig"] = {**checkpoints, "S3Uri": f"{checkpoints['S3Uri'].rstrip('/')}/{trial.name}"}
    if resources := body.get("HyperParameterTuningResourceConfig"):
        request["ResourceConfig"] = _first_resources(resources)
    if tags:
        request["Tags"] = list(tags)
    return request


def metric_curve(job: Record, metric: str) -> list[float]:
    """Return the values of a metric that a training job has logged so far."""
    return [point["Value"] for point in job.get("_metrics", []) if point["MetricName"] == metric]


def trial_end(number: int, job: Record, metric: str) -> TrialEnded:
    """Return what a finished training job means for its trial."""
    finals = [point["Value"] for point in job.get("FinalMetricDataList", []) if point["MetricName"] == metric]
    return TrialEnded(
        number,
        job["TrainingJobStatus"],
        objective=finals[-1] if finals else None,
        started=job.get("TrainingStartTime"),
        ended=job.get("TrainingEndTime"),
        failure_reason=job.get("FailureReason"),
        has_model="ModelArtifacts" in job,
    )


def _first_resources(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ResourceConfig of a HyperParameterTuningResourceConfig: its most preferred instance type."""
    plain = {key: resources[key] for key in ("VolumeSizeInGB", "VolumeKmsKeyId") if key in resources}
    chosen = resources["InstanceConfigs"][0] if resources.get("InstanceConfigs") else resources
    instance = {key: chosen[key] for key in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if key in chosen}
    return {**plain, **instance}
