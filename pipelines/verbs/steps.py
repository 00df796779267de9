"""List the steps of an execution with status, duration, cache hit and job."""

import argparse

from rich.console import Console
from rich.table import Table

from pipelines.executions import Executions
from pipelines.targets import connect
from pipelines.verbs.options import add_execution, add_target

SUMMARY = "list the steps of an execution"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_execution(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a table."""
    target = connect(arguments.target, arguments.resources)
    executions = Executions(target.client("sagemaker"))
    table = Table("step", "type", "status", "seconds", "cache", "made", "reason", box=None)
    for step in executions.state(executions.resolve(arguments.execution)).steps:
        cached = "hit" if step.cache_hit else ""
        reason = step.failure_reason
        table.add_row(step.name, step.type, step.status, f"{step.seconds:.1f}", cached, step.job_name, reason)
    Console(soft_wrap=True).print(table)
    return 0
