"""Run one step: a function per step type, in one table."""

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.pipeline_engine.steps.callback import run_callback
from local_aws.pipeline_engine.steps.decisions import run_condition, run_fail
from local_aws.pipeline_engine.steps.jobs import run_processing, run_training, run_transform, run_tuning
from local_aws.pipeline_engine.steps.lambda_function import run_lambda
from local_aws.pipeline_engine.steps.models import run_create_model, run_register_model
from local_aws.pipeline_engine.steps.run import StepRun

StepFunction = Callable[[StepRun, Mapping[str, Any]], dict[str, Any]]

STEP_FUNCTIONS: dict[str, StepFunction] = {
    "Callback": run_callback,
    "Condition": run_condition,
    "Fail": run_fail,
    "Lambda": run_lambda,
    "Model": run_create_model,
    "Processing": run_processing,
    "RegisterModel": run_register_model,
    "Training": run_training,
    "Transform": run_transform,
    "Tuning": run_tuning,
}
"""Step type to the function that runs it: it takes the resolved arguments and returns the step's properties."""

__all__ = ["STEP_FUNCTIONS", "StepFunction", "StepRun"]
