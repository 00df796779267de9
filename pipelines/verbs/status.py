"""Say in one paragraph how an execution stands."""

import argparse
import sys

from pipelines.executions import Executions
from pipelines.following import failure_text
from pipelines.run_folder import model_package_arn
from pipelines.verbs.options import add_execution, add_target, chosen_target

SUMMARY = "say how an execution stands"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_execution(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print status, running step, reason of failure and registered model."""
    target = chosen_target(arguments)
    executions = Executions(target.client("sagemaker"))
    state = executions.state(executions.resolve(arguments.execution))
    lines = [f"{state.arn}", f"status: {state.status}"]
    running = [step.name for step in state.steps if step.status in {"Starting", "Executing", "Stopping"}]
    if running:
        lines.append(f"running: {', '.join(running)}")
    if state.is_over and state.status != "Succeeded":
        lines.append(failure_text(state))
    arn = model_package_arn(state)
    if arn:
        package = target.client("sagemaker").describe_model_package(ModelPackageName=arn)
        lines.append(f"model package: {arn} ({package['ModelApprovalStatus']})")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
