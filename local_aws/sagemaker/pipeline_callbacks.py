"""Answer the operations that end Callback steps."""

from typing import Any

from local_aws.errors import ConflictError, ResourceNotFoundError
from local_aws.pipeline_engine.steps.callback import KIND
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record


@operation
def send_pipeline_execution_step_success(context: Context, request: Request) -> Response:
    """End a Callback step as succeeded, with its output parameters."""
    return _answer(context, request, {"Status": "Succeeded", "OutputParameters": request.get("OutputParameters", [])})


@operation
def send_pipeline_execution_step_failure(context: Context, request: Request) -> Response:
    """End a Callback step as failed."""
    reason = request.get("FailureReason", "ClientError: The callback failed without a reason.")
    return _answer(context, request, {"Status": "Failed", "FailureReason": reason})


def _answer(context: Context, request: Request, answer: dict[str, Any]) -> Response:
    token, client_token = request["CallbackToken"], request.get("ClientRequestToken")
    earlier: list[str | None] = []

    def change(record: Record) -> None:
        if record["Status"] == "Waiting":
            record.update(answer, AnsweredBy=client_token)
        elif client_token is None or record["AnsweredBy"] != client_token:
            earlier.append(record["Status"])

    try:
        record = context.plane.store.update(context.key(KIND, token), change)
    except KeyError as err:
        raise ResourceNotFoundError(f"No callback step waits with the token '{token}'.") from err
    if earlier:
        raise ConflictError(f"The callback step with the token '{token}' was answered already: {earlier[0]}.")
    return {"PipelineExecutionArn": record["PipelineExecutionArn"]}
