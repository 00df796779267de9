"""Stop an execution: its running jobs are stopped, nothing further starts."""

import argparse
import sys

from pipelines.executions import Executions
from pipelines.following import follow
from pipelines.verbs.options import add_execution, add_target, chosen_target

SUMMARY = "stop an execution"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_execution(parser)


def run(arguments: argparse.Namespace) -> int:
    """Stop it and wait until it has ended."""
    target = chosen_target(arguments)
    sagemaker = target.client("sagemaker")
    executions = Executions(sagemaker)
    arn = executions.resolve(arguments.execution)
    if executions.state(arn).is_over:
        sys.stdout.write(f"{arn} is already over\n")
        return 0
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    state = follow(target, arn)
    sys.stdout.write(f"{arn} is {state.status}\n")
    return 0
