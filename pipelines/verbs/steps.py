"""List the steps of an execution with status, duration, cache hit and job."""

import argparse
import sys

from pipelines.executions import Executions
from pipelines.verbs.options import add_execution, add_target, chosen_target

SUMMARY = "list the steps of an execution"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_execution(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one line per step, and reasons of failures beneath."""
    target = chosen_target(arguments)
    executions = Executions(target.client("sagemaker"))
    for step in executions.state(executions.resolve(arguments.execution)).steps:
        cached = "cache hit" if step.cache_hit else ""
        line = f"{step.name:<18} {step.type:<14} {step.status:<11} {step.seconds:>7.1f} s  {cached:<9}  {step.job_name}"
        sys.stdout.write(f"{line.rstrip()}\n")
        if step.failure_reason:
            sys.stdout.write(f"    {step.failure_reason}\n")
    return 0
