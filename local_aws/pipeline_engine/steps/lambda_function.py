"""Run a Lambda step: the function's own handler, from its zip, in a process of its own."""

from collections.abc import Mapping
from typing import Any

from local_aws.errors import LocalAwsError
from local_aws.moto_adapters.lambda_code import find_function
from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.lambda_process import LambdaFailedError, invoke
from local_aws.pipeline_engine.steps.outputs import as_metadata, typed_outputs
from local_aws.pipeline_engine.steps.run import StepRun

_LONGEST_SECONDS = 600


def run_lambda(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke a Lambda function with the arguments as its event; at most ten minutes, as SageMaker allows."""
    arn = str(run.settings["FunctionArn"])
    run.set_metadata(Lambda={"Arn": arn})
    try:
        function = find_function(arn)
        returned = invoke(
            run.plane, function, dict(arguments), timeout_seconds=min(function.timeout_seconds, _LONGEST_SECONDS)
        )
    except (LambdaFailedError, LocalAwsError) as err:
        raise StepFailedError(f"ClientError: Failed to invoke lambda:Invoke on {arn}. Error Details: {err}") from err
    outputs = typed_outputs(run.step.output_parameters, returned if isinstance(returned, dict) else {})
    run.set_metadata(Lambda={"Arn": arn, "OutputParameters": as_metadata(outputs)})
    return {"OutputParameters": outputs}
