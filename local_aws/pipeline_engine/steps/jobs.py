"""Run the steps that are a job: create it, wait for its end, return what Describe says of it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local_aws.pipeline_engine import retry
from local_aws.pipeline_engine.errors import StepFailedError, StepStoppedError
from local_aws.pipeline_engine.steps.run import StepRun
from local_aws.store import Key, Record

_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_BEST_TRAINING_JOBS = 50
_MAX_RUNTIME = "MaxRuntimeExceeded"


@dataclass(frozen=True)
class JobApi:
    """How the API calls the operations and members of one kind of job."""

    kind: str
    noun: str
    method: str
    member: str
    metadata: str

    @property
    def name_member(self) -> str:
        """Request member that holds the job's name."""
        return f"{self.member}Name"

    def status(self, record: Mapping[str, Any]) -> str:
        """Return a job's status from its Describe response."""
        return str(record[f"{self.member}Status"])


PROCESSING = JobApi("processing-job", "Processing job", "processing_job", "ProcessingJob", "ProcessingJob")
TRAINING = JobApi("training-job", "Training job", "training_job", "TrainingJob", "TrainingJob")
TRANSFORM = JobApi("transform-job", "Transform job", "transform_job", "TransformJob", "TransformJob")
TUNING = JobApi(
    "hyper-parameter-tuning-job",
    "Hyperparameter tuning job",
    "hyper_parameter_tuning_job",
    "HyperParameterTuningJob",
    "TuningJob",
)
JOB_APIS = {api.kind: api for api in (PROCESSING, TRAINING, TRANSFORM, TUNING)}


def run_processing(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a processing job."""
    return _run_job(run, PROCESSING, arguments)


def run_training(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a training job."""
    return _run_job(run, TRAINING, arguments)


def run_transform(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a batch transform job."""
    return _run_job(run, TRANSFORM, arguments)


def run_tuning(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a tuning job; its properties also hold the best 50 training jobs, the best one first."""
    properties = _run_job(run, TUNING, arguments)
    config = properties["HyperParameterTuningJobConfig"]
    best_first = "Ascending" if config["HyperParameterTuningJobObjective"]["Type"] == "Minimize" else "Descending"
    request = {
        TUNING.name_member: properties[TUNING.name_member],
        "SortBy": "FinalObjectiveMetricValue",
        "SortOrder": best_first,
        "MaxResults": _BEST_TRAINING_JOBS,
    }
    listed = run.call("list_training_jobs_for_hyper_parameter_tuning_job", request)
    return {**properties, "TrainingJobSummaries": listed["TrainingJobSummaries"]}


def stop_job(client: Any, kind: str, name: str) -> None:
    """Ask for a job's end; one that has ended meanwhile is no error."""
    api = JOB_APIS[kind]
    with suppress(client.exceptions.ClientError):
        getattr(client, f"stop_{api.method}")(**{api.name_member: name})


def _run_job(run: StepRun, api: JobApi, arguments: Mapping[str, Any]) -> dict[str, Any]:
    created = run.call(f"create_{api.method}", {**arguments, api.name_member: run.job_name})
    run.records.change_step(
        run.step.name,
        Metadata={api.metadata: {"Arn": created[f"{api.member}Arn"]}},
        _job={"kind": api.kind, "name": run.job_name},
    )
    # A stop may have come between the two: then nobody else knows this job yet.
    if run.is_stopping():
        stop_job(run.client("sagemaker"), api.kind, run.job_name)
    ended = _wait(run, api)
    if api.status(ended) != "Completed":
        _raise_for(run, api, ended)
    return run.call(f"describe_{api.method}", {api.name_member: run.job_name})


def _wait(run: StepRun, api: JobApi) -> Record:
    key = Key(api.kind, run.job_name, run.execution.account_id, run.execution.region)
    try:
        record = run.plane.store.wait(key, lambda job: api.status(job) in _ENDED)
    except KeyError as err:
        raise StepFailedError(f"ClientError: {api.noun} {run.job_name} was deleted while it ran.") from err
    assert record is not None
    return record


def _raise_for(run: StepRun, api: JobApi, job: Record) -> None:
    """Raise the error that a job's end other than Completed means for its step."""
    reason = job.get("FailureReason") or job.get("ExitMessage")
    if api.status(job) == "Failed":
        reason = reason or f"AlgorithmError: {api.noun} {run.job_name} failed without a reason."
        raise StepFailedError(reason, retry.kind_of_job_failure(reason))
    if run.is_stopping():
        raise StepStoppedError
    if _MAX_RUNTIME in {job.get("SecondaryStatus"), (reason or "").partition(":")[0]}:
        raise StepFailedError(
            reason
            or f"ClientError: {api.noun} {run.job_name} was stopped: {_MAX_RUNTIME}. It ran longer than the "
            "MaxRuntimeInSeconds of its StoppingCondition."
        )
    raise StepStoppedError(reason or f"{api.noun} {run.job_name} was stopped by Stop{api.member}.")
