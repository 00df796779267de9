"""Answer the operations of transform jobs."""

from local_aws.errors import ValidationError
from local_aws.jobs.container_files import s3_source
from local_aws.jobs.inputs import S3Source, check_source
from local_aws.jobs.s3 import Location
from local_aws.jobs.transform import start_transform_job
from local_aws.jobs.transform_data import TransformData
from local_aws.sagemaker.job_records import JobKind
from local_aws.sagemaker.models import find_model
from local_aws.sagemaker.operations import Context, Request, Response, operation

JOBS = JobKind("Transform", ("FailureReason",))


@operation
def create_transform_job(context: Context, request: Request) -> Response:
    """Check the request, record the job and start it."""
    _check(request)
    model = find_model(context, request["ModelName"])
    name, now = request["TransformJobName"], context.plane.clock.now()
    arn = context.arn(f"transform-job/{name}")
    record = {
        **request,
        "TransformJobArn": arn,
        "TransformJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    JOBS.insert(context, name, record)
    start_transform_job(context.plane, context.key(JOBS.kind, name), model)
    return {"TransformJobArn": arn}


@operation
def describe_transform_job(context: Context, request: Request) -> Response:
    """Return the whole record."""
    return JOBS.find(context, request)


@operation
def list_transform_jobs(context: Context, request: Request) -> Response:
    """List transform jobs, by default by creation time."""
    return JOBS.list(context, request)


@operation
def stop_transform_job(context: Context, request: Request) -> Response:
    """Stop a running job."""
    JOBS.stop(context, request)
    return {}


def _check(request: Request) -> None:
    given, output = request["TransformInput"], request["TransformOutput"]
    source = s3_source(given)
    check_source(S3Source("TransformInput", source["S3Uri"], source["S3DataType"]), "File", "None")
    Location.parse(output["S3OutputPath"])
    split, assembly = given.get("SplitType", "None"), output.get("AssembleWith", "None")
    if split not in {"None", "Line"}:
        raise ValidationError(f"The local AWS cannot split by {split}: TransformInput.SplitType may be None or Line.")
    processing = request.get("DataProcessing", {})
    if processing.get("JoinSource") == "Input" and split != assembly:
        raise ValidationError(
            "SplitType and AssembleWith must be the same when DataProcessing.JoinSource is Input; "
            f"they are {split} and {assembly}."
        )
    TransformData(request)
