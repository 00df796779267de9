"""List the last executions of the pipeline."""

import argparse
import sys

from pipelines.executions import Executions
from pipelines.verbs.options import add_target, chosen_target

SUMMARY = "list the last executions"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument(
        "--limit", type=int, default=10, choices=range(1, 101), metavar="1…100", help="how many (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print one line per execution, the newest first."""
    target = chosen_target(arguments)
    executions = Executions(target.client("sagemaker"))
    executions.resolve(None)
    for summary in executions.latest(arguments.limit):
        identifier = summary["PipelineExecutionArn"].rpartition("/")[2]
        started = f"{summary['StartTime']:%Y-%m-%d %H:%M:%S}"
        sys.stdout.write(f"{identifier}  {started}  {summary['PipelineExecutionStatus']}\n")
    return 0
