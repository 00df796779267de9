"""Answer the operations on pipeline executions."""

from collections.abc import Mapping
from typing import Any

from local_aws.errors import ConflictError, ResourceNotFoundError
from local_aws.pipeline_engine import lifecycle, names
from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.model import Definition
from local_aws.pipeline_engine.parameters import as_text, resolve_parameters
from local_aws.pipeline_engine.parse import parse_definition
from local_aws.pipeline_engine.records import ExecutionRecords, public_step
from local_aws.pipeline_engine.references import Scope, resolve
from local_aws.pipeline_engine.selection import reused_steps
from local_aws.sagemaker.listing import cut_page
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.sagemaker.pipelines import KIND as PIPELINE
from local_aws.sagemaker.pipelines import find_pipeline, find_version
from local_aws.store import Record

_PAGE = 100
_SHOWN = (
    "PipelineExecutionDisplayName",
    "PipelineExecutionDescription",
    "ParallelismConfiguration",
    "SelectiveExecutionConfig",
)
_SORT_KEYS = {
    "CreationTime": lambda record: record["CreationTime"],
    "PipelineExecutionArn": lambda record: record["PipelineExecutionArn"],
}


@operation
def start_pipeline_execution(context: Context, request: Request) -> Response:
    """Check the parameters and run the pipeline."""
    pipeline = find_pipeline(context, request["PipelineName"])
    version = find_version(pipeline, request)
    definition = parse_definition(version["_definition"])
    given = {item["Name"]: item["Value"] for item in request.get("PipelineParameters", [])}
    parameters = resolve_parameters(definition.parameters, given)
    reused = _reused_steps(context, definition, request)
    records = _records(context, f"{pipeline['PipelineArn']}/execution/{names.execution_id()}")
    repeated = _claim_token(context, records, request.get("ClientRequestToken"), given)
    if repeated is not None:
        return {"PipelineExecutionArn": repeated}
    record = _execution_record(context, pipeline, version, request, records.arn) | {"_parameters": parameters}
    record |= _experiment(definition, pipeline, records.arn, parameters)
    lifecycle.start(context.plane, records, record, reused)
    _note_run(context, pipeline["PipelineName"], version["PipelineVersionId"], records.arn)
    return {"PipelineExecutionArn": records.arn}


@operation
def describe_pipeline_execution(context: Context, request: Request) -> Response:
    """Show an execution's status, and why it failed."""
    return _find(context, request)


@operation
def list_pipeline_executions(context: Context, request: Request) -> Response:
    """List a pipeline's executions, the newest first."""
    pipeline = find_pipeline(context, request["PipelineName"])
    records = lifecycle.of_pipeline(context.plane, pipeline["PipelineArn"], context.account_id, context.region)
    summaries = [_summary(record) for record in records if _is_between(record, request)]
    page, token = cut_page(summaries, request, sort_keys=_SORT_KEYS, sort_by="CreationTime", order="Descending")
    return {"PipelineExecutionSummaries": page, **token}


@operation
def list_pipeline_execution_steps(context: Context, request: Request) -> Response:
    """List the steps that have started, the latest first."""
    _find(context, request)
    steps = [public_step(step) for step in _records(context, request["PipelineExecutionArn"]).steps()]
    started = {step["StepName"]: (step["StartTime"], position) for position, step in enumerate(steps)}
    page, token = cut_page(
        steps,
        request,
        sort_keys={"StartTime": lambda step: started[step["StepName"]]},
        sort_by="StartTime",
        order="Descending",
        page_size=_PAGE,
    )
    return {"PipelineExecutionSteps": page, **token}


@operation
def list_pipeline_parameters_for_execution(context: Context, request: Request) -> Response:
    """List the parameters of an execution with the values they had, defaults included."""
    values = _find(context, request)["_parameters"]
    listed = [{"Name": name, "Value": as_text(value)} for name, value in values.items()]
    page, token = cut_page(
        listed, request, sort_keys={"Name": lambda item: item["Name"]}, sort_by="Name", page_size=_PAGE
    )
    return {"PipelineParameters": page, **token}


@operation
def describe_pipeline_definition_for_execution(context: Context, request: Request) -> Response:
    """Show the definition that an execution runs, which later updates of the pipeline do not change."""
    record = _find(context, request)
    return {"PipelineDefinition": record["_definition"], "CreationTime": record["CreationTime"]}


@operation
def stop_pipeline_execution(context: Context, request: Request) -> Response:
    """Stop an execution and its running jobs."""
    _find(context, request)
    lifecycle.stop(context.plane, _records(context, request["PipelineExecutionArn"]))
    return {"PipelineExecutionArn": request["PipelineExecutionArn"]}


@operation
def retry_pipeline_execution(context: Context, request: Request) -> Response:
    """Run an execution again from the steps that did not succeed."""
    record = _find(context, request)
    token = request.get("ClientRequestToken")
    if token is None or record.get("_retry_token") != token:
        changes = {member: request[member] for member in ("ParallelismConfiguration",) if member in request}
        records = _records(context, request["PipelineExecutionArn"])
        lifecycle.retry(context.plane, records, {**changes, "_retry_token": token})
    return {"PipelineExecutionArn": request["PipelineExecutionArn"]}


@operation
def update_pipeline_execution(context: Context, request: Request) -> Response:
    """Rename or describe an execution, or change how many of its steps run at a time."""
    _find(context, request)
    changes = {member: request[member] for member in _SHOWN if member in request}
    key = _records(context, request["PipelineExecutionArn"]).key
    context.plane.store.update(key, lambda record: record.update(changes, LastModifiedTime=context.plane.clock.now()))
    return {"PipelineExecutionArn": request["PipelineExecutionArn"]}


def _records(context: Context, arn: str) -> ExecutionRecords:
    return ExecutionRecords(context.plane.store, arn, context.account_id, context.region, context.plane.clock.now)


def _find(context: Context, request: Request) -> Record:
    try:
        return _records(context, request["PipelineExecutionArn"]).execution()
    except KeyError as err:
        raise ResourceNotFoundError(f"Pipeline execution '{request['PipelineExecutionArn']}' does not exist.") from err


def _claim_token(
    context: Context, records: ExecutionRecords, token: str | None, given: Mapping[str, str]
) -> str | None:
    """Claim a ClientRequestToken for a new execution; return the execution that has it already, or None.

    Raises:
        ConflictError: That execution was started with other parameters.
    """
    if token is None:
        return None
    pipeline_arn = records.arn.partition("/execution/")[0]
    key = context.key(lifecycle.START_REQUEST, f"{pipeline_arn}/{token}")
    if context.plane.store.insert(key, {"PipelineExecutionArn": records.arn, "PipelineParameters": dict(given)}):
        return None
    claimed = context.plane.store.get(key) or {}
    if claimed.get("PipelineParameters") != given:
        raise ConflictError(
            f"ClientRequestToken '{token}' was used with other parameters; use a new token for a new execution."
        )
    return str(claimed["PipelineExecutionArn"])


def _execution_record(context: Context, pipeline: Record, version: Record, request: Request, arn: str) -> Record:
    now = context.plane.clock.now()
    parallelism = pipeline.get("ParallelismConfiguration")
    record = {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionArn": arn,
        "PipelineExecutionDisplayName": f"execution-{int(now.timestamp() * 1000)}",
        **({"ParallelismConfiguration": parallelism} if parallelism else {}),
        **{member: request[member] for member in _SHOWN if member in request},
        "PipelineVersionId": version["PipelineVersionId"],
        "CreationTime": now,
        "LastModifiedTime": now,
        "_pipeline_name": pipeline["PipelineName"],
        "_role_arn": request.get("RoleArn", pipeline["RoleArn"]),
        "_definition": version["_definition"],
    }
    return record | {"RoleArn": record["_role_arn"]}


def _reused_steps(context: Context, definition: Definition, request: Request) -> list[Record]:
    config = request.get("SelectiveExecutionConfig")
    if config is None:
        return []
    source = _records(context, config["SourcePipelineExecutionArn"]) if "SourcePipelineExecutionArn" in config else None
    if source is not None:
        _find(context, {"PipelineExecutionArn": source.arn})
    return reused_steps(definition, [step["StepName"] for step in config["SelectedSteps"]], source)


def _experiment(definition: Definition, pipeline: Record, arn: str, parameters: Mapping[str, Any]) -> Record:
    """Return the resolved PipelineExperimentConfig as the API shows it; experiments themselves are not simulated."""
    if not definition.experiment:
        return {}
    variables = {
        "PipelineName": pipeline["PipelineName"],
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionId": arn.rpartition("/")[2],
        "PipelineExecutionArn": arn,
    }
    scope = Scope(parameters, lambda name: variables.get(name, ""), lambda _: {}, lambda *_: "", lambda _: {})
    try:
        return {"PipelineExperimentConfig": resolve(dict(definition.experiment), scope)}
    except (StepFailedError, KeyError):
        return {}


def _note_run(context: Context, name: str, version: int, arn: str) -> None:
    def change(record: Record) -> None:
        record["LastRunTime"] = context.plane.clock.now()
        for item in record["_versions"]:
            if item["PipelineVersionId"] == version:
                item["LastExecutionPipelineExecutionArn"] = arn

    context.plane.store.update(context.key(PIPELINE, name), change)


def _summary(record: Record) -> Record:
    reason = {"PipelineExecutionFailureReason": record["FailureReason"]} if "FailureReason" in record else {}
    return {**record, "StartTime": record["CreationTime"], **reason}


def _is_between(record: Record, request: Request) -> bool:
    created = record["CreationTime"]
    return bool(
        ("CreatedAfter" not in request or created > request["CreatedAfter"])
        and ("CreatedBefore" not in request or created < request["CreatedBefore"])
    )
