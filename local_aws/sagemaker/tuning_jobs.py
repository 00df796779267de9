"""Answer the operations of hyperparameter tuning jobs."""

from local_aws.errors import ResourceInUseError, ResourceNotFoundError
from local_aws.sagemaker.job_records import check_image
from local_aws.sagemaker.listing import cut_page, select
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record
from local_aws.tuning.job import TuningJob
from local_aws.tuning.plan import build_plan
from local_aws.tuning.record import new_record
from local_aws.tuning.validation import check_request
from local_aws.tuning.warm_start import OVER, find_parents

KIND = "hyper-parameter-tuning-job"
SUMMARY = (
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobArn",
    "HyperParameterTuningJobStatus",
    "CreationTime",
    "HyperParameterTuningEndTime",
    "LastModifiedTime",
    "TrainingJobStatusCounters",
    "ObjectiveStatusCounters",
)


@operation
def create_hyper_parameter_tuning_job(context: Context, request: Request) -> Response:
    """Check the request, record the job and start searching."""
    name = request["HyperParameterTuningJobName"]
    arn, key = context.arn(f"{KIND}/{name}"), context.key(KIND, name)
    definitions = check_request(request, context.account_id)
    for definition in definitions:
        check_image(definition.image)
    parents = find_parents(request, lambda parent: context.plane.store.get(context.key(KIND, parent)))
    plan = build_plan(request, definitions, parents)
    record = new_record(request, arn, definitions, context.plane.clock.now())
    if not context.plane.store.insert(key, record):
        raise ResourceInUseError(
            "Hyperparameter tuning job names must be unique within an AWS account and region, and a hyperparameter "
            f"tuning job with this name already exists ({arn})"
        )
    job = TuningJob(context.plane, key, definitions, plan, parents)
    context.plane.spawn(name, lambda: job.run(record))
    return {"HyperParameterTuningJobArn": arn}


@operation
def describe_hyper_parameter_tuning_job(context: Context, request: Request) -> Response:
    """Return the whole record; `TrainingJobSummaries` (best first) is there for pipeline properties."""
    return _find(context, request)


@operation
def list_hyper_parameter_tuning_jobs(context: Context, request: Request) -> Response:
    """List tuning jobs, by default by name."""
    jobs = context.plane.store.list(KIND, context.account_id, context.region)
    chosen = select(jobs, request, name="HyperParameterTuningJobName", status="HyperParameterTuningJobStatus")
    page, token = cut_page(
        chosen,
        request,
        sort_keys={
            "Name": lambda job: job["HyperParameterTuningJobName"],
            "Status": lambda job: job["HyperParameterTuningJobStatus"],
            "CreationTime": lambda job: job["CreationTime"],
        },
        sort_by="Name",
    )
    return {"HyperParameterTuningJobSummaries": [_summarize(job) for job in page], **token}


@operation
def list_training_jobs_for_hyper_parameter_tuning_job(context: Context, request: Request) -> Response:
    """List a tuning job's training jobs; sorted by objective, those without a value are left out, as on SageMaker."""
    jobs = _find(context, request)["TrainingJobSummaries"]
    if request.get("SortBy") == "FinalObjectiveMetricValue":
        jobs = [job for job in jobs if "FinalHyperParameterTuningJobObjectiveMetric" in job]
    page, token = cut_page(
        select(jobs, request, name="TrainingJobName", status="TrainingJobStatus"),
        request,
        sort_keys={
            "Name": lambda job: job["TrainingJobName"],
            "Status": lambda job: job["TrainingJobStatus"],
            "CreationTime": lambda job: job["CreationTime"],
            "FinalObjectiveMetricValue": lambda job: job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
        },
        sort_by="Name",
    )
    return {"TrainingJobSummaries": page, **token}


@operation
def stop_hyper_parameter_tuning_job(context: Context, request: Request) -> Response:
    """Stop a tuning job and its training jobs; one that is over stays as it is."""
    _find(context, request)

    def change(job: Record) -> None:
        if job["HyperParameterTuningJobStatus"] == "InProgress":
            job["HyperParameterTuningJobStatus"] = "Stopping"
            job["LastModifiedTime"] = context.plane.clock.now()

    context.plane.store.update(context.key(KIND, request["HyperParameterTuningJobName"]), change)
    return {}


@operation
def delete_hyper_parameter_tuning_job(context: Context, request: Request) -> Response:
    """Forget a tuning job that is over; its training jobs stay."""
    job = _find(context, request)
    name, status = job["HyperParameterTuningJobName"], job["HyperParameterTuningJobStatus"]
    if status not in OVER:
        raise ResourceInUseError(f"The hyperparameter tuning job [{name}] is [{status}]. Stop it before you delete it.")
    context.plane.store.delete(context.key(KIND, name))
    return {}


def _find(context: Context, request: Request) -> Record:
    name = request["HyperParameterTuningJobName"]
    job = context.plane.store.get(context.key(KIND, name))
    if job is None:
        raise ResourceNotFoundError(f"Requested resource not found: {context.arn(f'{KIND}/{name}')}")
    return job


def _summarize(job: Record) -> Record:
    config = job["HyperParameterTuningJobConfig"]
    return {
        **{key: job[key] for key in SUMMARY if key in job},
        "Strategy": config["Strategy"],
        "ResourceLimits": config["ResourceLimits"],
    }
