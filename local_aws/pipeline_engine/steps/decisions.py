"""Run the steps that decide and create nothing: Condition and Fail."""

from collections.abc import Mapping
from typing import Any

from local_aws.pipeline_engine.conditions import evaluate_all
from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.steps.run import StepRun

_MESSAGE_LIMIT = 3072


def run_condition(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluate all conditions; the outcome picks the branch."""
    outcome = evaluate_all(arguments["Conditions"], run.resolve)
    run.set_metadata(Condition={"Outcome": str(outcome)})
    return {"Outcome": outcome}


def run_fail(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """End the execution as failed, with the step's message as the reason."""
    message = str(arguments["ErrorMessage"])[:_MESSAGE_LIMIT]
    run.set_metadata(Fail={"ErrorMessage": message})
    raise StepFailedError(message)
