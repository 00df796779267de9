"""Show an execution's progress until it ends; exit 0 where it succeeded, 1 where not."""

import argparse

from pipelines.executions import Executions
from pipelines.following import follow, refuse_failure
from pipelines.verbs.options import add_execution, add_target, chosen_target

SUMMARY = "show an execution's progress until it ends"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_execution(parser)


def run(arguments: argparse.Namespace) -> int:
    """Follow the execution."""
    target = chosen_target(arguments)
    refuse_failure(follow(target, Executions(target.client("sagemaker")).resolve(arguments.execution)))
    return 0
