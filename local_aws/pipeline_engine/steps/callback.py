"""Run a Callback step: send a token to a queue and wait until somebody answers it."""

import json
from collections.abc import Mapping
from typing import Any

from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.names import callback_token
from local_aws.pipeline_engine.steps.outputs import as_metadata, typed_outputs
from local_aws.pipeline_engine.steps.run import StepRun
from local_aws.store import Key

KIND = "pipeline-callback"


def run_callback(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Wait for SendPipelineExecutionStepSuccess or …Failure with the token that the queue gets."""
    token = callback_token()
    queue_url = str(run.settings["SqsQueueUrl"])
    key = Key(KIND, token, run.execution.account_id, run.execution.region)
    body = callback_message(run.execution.arn, token, "Executing", arguments)
    run.plane.store.insert(
        key,
        {
            "Status": "Waiting",
            "PipelineExecutionArn": run.execution.arn,
            "QueueUrl": queue_url,
            "Arguments": dict(arguments),
        },
    )
    metadata = {"CallbackToken": token, "SqsQueueUrl": queue_url}
    run.set_metadata(Callback=metadata)
    run.call("send_message", {"QueueUrl": queue_url, "MessageBody": body}, service="sqs")
    answer = run.plane.store.wait(key, lambda record: record["Status"] != "Waiting")
    assert answer is not None
    if answer["Status"] == "Failed":
        raise StepFailedError(answer["FailureReason"])
    returned = {item["Name"]: item["Value"] for item in answer["OutputParameters"]}
    outputs = typed_outputs(run.step.output_parameters, returned)
    run.set_metadata(Callback={**metadata, "OutputParameters": as_metadata(outputs)})
    return {"OutputParameters": outputs}


def callback_message(arn: str, token: str, status: str, arguments: Mapping[str, Any]) -> str:
    """Return the body of the message that a Callback step sends."""
    return json.dumps({"token": token, "pipelineExecutionArn": arn, "status": status, "arguments": dict(arguments)})
