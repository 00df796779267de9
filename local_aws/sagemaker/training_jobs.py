"""Answer the operations of training jobs."""

from typing import Any

from local_aws.errors import ValidationError
from local_aws.jobs.container_files import channel_mode
from local_aws.jobs.inputs import check_source
from local_aws.jobs.metrics import check_definitions
from local_aws.jobs.s3 import Location
from local_aws.jobs.training import source_of, start_training_job
from local_aws.jobs.training_record import advance, new_transitions
from local_aws.sagemaker.job_records import JobKind, check_image
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record

JOBS = JobKind("Training", ("SecondaryStatus",))
DEFAULT_RUNTIME = 86400


@operation
def create_training_job(context: Context, request: Request) -> Response:
    """Check the request, record the job and start it."""
    _check(request)
    name, now = request["TrainingJobName"], context.plane.clock.now()
    arn = context.arn(f"training-job/{name}")
    record: Record = {
        "HyperParameters": {},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_RUNTIME},
        **request,
        "TrainingJobArn": arn,
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": new_transitions(now),
        "CreationTime": now,
        "LastModifiedTime": now,
        "_metrics": [],
    }
    for channel in record.get("InputDataConfig", ()):
        channel["DataSource"]["S3DataSource"].setdefault("S3DataDistributionType", "FullyReplicated")
        channel.setdefault("CompressionType", "None")
        channel.setdefault("RecordWrapperType", "None")
    JOBS.insert(context, name, record)
    start_training_job(context.plane, context.key(JOBS.kind, name))
    return {"TrainingJobArn": arn}


@operation
def describe_training_job(context: Context, request: Request) -> Response:
    """Return the whole record."""
    return JOBS.find(context, request)


@operation
def list_training_jobs(context: Context, request: Request) -> Response:
    """List training jobs, by default by creation time."""
    return JOBS.list(context, request)


@operation
def stop_training_job(context: Context, request: Request) -> Response:
    """Stop a running job; what it has in /opt/ml/model is kept."""
    JOBS.stop(context, request, lambda record: advance(record, "Stopping", context.plane.clock.now()))
    return {}


def _check(request: Request) -> None:
    algorithm = request.get("AlgorithmSpecification") or {}
    if not algorithm.get("TrainingImage"):
        raise ValidationError(
            "The local AWS needs AlgorithmSpecification.TrainingImage: algorithms by name (AlgorithmName) and "
            "serverless jobs are not simulated."
        )
    check_image(algorithm["TrainingImage"])
    check_definitions(algorithm.get("MetricDefinitions", ()))
    Location.parse(request["OutputDataConfig"]["S3OutputPath"])
    _check_resources(request)
    _check_stopping(request)
    _check_checkpoints(request)
    for channel in request.get("InputDataConfig", ()):
        _check_channel(request, channel)
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if len(names) != len(set(names)):
        raise ValidationError(f"InputDataConfig must have unique channel names; given are {', '.join(names)}.")


def _check_resources(request: Request) -> None:
    resources = request.get("ResourceConfig") or {}
    for group in resources.get("InstanceGroups") or [resources]:
        if not group.get("InstanceType") or not group.get("InstanceCount"):
            raise ValidationError("ResourceConfig needs InstanceType and InstanceCount, or InstanceGroups.")


def _check_stopping(request: Request) -> None:
    limits = request.get("StoppingCondition", {})
    runtime, wait = limits.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME), limits.get("MaxWaitTimeInSeconds")
    is_spot = request.get("EnableManagedSpotTraining", False)
    if wait is not None and not is_spot:
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. MaxWaitTimeInSeconds is supported only when EnableManagedSpotTraining is "
            "true."
        )
    if is_spot and (wait is None or wait < runtime):
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds."
        )


def _check_checkpoints(request: Request) -> None:
    config = request.get("CheckpointConfig")
    if config:
        Location.parse(config["S3Uri"])
        path = config.get("LocalPath", "/opt/ml/checkpoints")
        if not path.startswith("/opt/ml/") or ".." in path.split("/"):
            raise ValidationError(
                f"The local AWS cannot keep checkpoints in {path!r}: CheckpointConfig.LocalPath must be below /opt/ml."
            )


def _check_channel(request: Request, channel: dict[str, Any]) -> None:
    name, mode = channel["ChannelName"], channel_mode(request, channel)
    if "S3DataSource" not in channel["DataSource"]:
        raise ValidationError(
            f"The local AWS cannot read the channel {name!r}: only S3DataSource is simulated, not file systems."
        )
    source = source_of(channel)
    check_source(source, mode, channel.get("CompressionType", "None"))
    if mode == "FastFile" and source.data_type != "S3Prefix":
        raise ValidationError(f"The channel {name!r} has input mode FastFile, which supports S3Prefix only.")
