"""Answer the operations of processing jobs."""

from typing import Any

from local_aws.errors import ValidationError
from local_aws.jobs.inputs import check_source
from local_aws.jobs.processing import source_of, start_processing_job
from local_aws.jobs.s3 import Location
from local_aws.sagemaker.job_records import JobKind, check_image
from local_aws.sagemaker.operations import Context, Request, Response, operation

JOBS = JobKind("Processing", ("FailureReason", "ExitMessage"))
_PLACE = "/opt/ml/processing/"


@operation
def create_processing_job(context: Context, request: Request) -> Response:
    """Check the request, record the job and start it."""
    _check(request)
    name, now = request["ProcessingJobName"], context.plane.clock.now()
    arn = context.arn(f"processing-job/{name}")
    record = {
        **_completed(request),
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    JOBS.insert(context, name, record)
    start_processing_job(context.plane, context.key(JOBS.kind, name))
    return {"ProcessingJobArn": arn}


@operation
def describe_processing_job(context: Context, request: Request) -> Response:
    """Return the whole record."""
    return JOBS.find(context, request)


@operation
def list_processing_jobs(context: Context, request: Request) -> Response:
    """List processing jobs, by default by creation time."""
    return JOBS.list(context, request)


@operation
def stop_processing_job(context: Context, request: Request) -> Response:
    """Stop a running job."""
    JOBS.stop(context, request)
    return {}


def _completed(request: Request) -> Request:
    """Return the request with the defaults that Describe shows."""
    completed = dict(request)
    for item in completed.get("ProcessingInputs", ()):
        given = item["S3Input"]
        given.setdefault("S3InputMode", "File")
        given.setdefault("S3DataDistributionType", "FullyReplicated")
        given.setdefault("S3CompressionType", "None")
        item.setdefault("AppManaged", False)
    for output in completed.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        output.setdefault("AppManaged", False)
    completed.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": 86400})
    return completed


def _check(request: Request) -> None:
    app = request["AppSpecification"]
    check_image(app["ImageUri"])
    if not app.get("ContainerEntrypoint") and not app.get("ContainerArguments"):
        raise ValidationError(
            "The local AWS needs AppSpecification.ContainerEntrypoint: the managed images' own entry point for "
            'processing is not simulated. Give for example ["python3", "/opt/ml/processing/input/code/script.py"].'
        )
    for item in request.get("ProcessingInputs", ()):
        _check_input(item)
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", ())
    for output in outputs:
        if "S3Output" not in output:
            raise ValidationError(
                f"The local AWS cannot write the output {output['OutputName']!r}: only S3Output is simulated."
            )
        Location.parse(output["S3Output"]["S3Uri"])
        _check_path(output["OutputName"], output["S3Output"].get("LocalPath"))
    _check_unique("ProcessingInputs", [item["InputName"] for item in request.get("ProcessingInputs", ())])
    _check_unique("ProcessingOutputs", [output["OutputName"] for output in outputs])


def _check_input(item: dict[str, Any]) -> None:
    if "S3Input" not in item:
        raise ValidationError(
            f"The local AWS cannot read the input {item['InputName']!r}: only S3Input is simulated, "
            "not DatasetDefinition."
        )
    given = item["S3Input"]
    check_source(source_of(item), given.get("S3InputMode", "File"), given.get("S3CompressionType", "None"))
    _check_path(item["InputName"], given.get("LocalPath"))


def _check_path(name: str, path: str | None) -> None:
    if path is None or not (path + "/").startswith(_PLACE) or ".." in path.split("/"):
        raise ValidationError(f"The LocalPath {path!r} of {name!r} is not valid: it must be a folder below {_PLACE}.")


def _check_unique(where: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValidationError(f"{where} must have unique names; given more than once: {', '.join(twice)}.")
