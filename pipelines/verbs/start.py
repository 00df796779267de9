"""Start an execution of the pipeline as it was last upserted."""

import argparse
import sys

from pipelines.deploy import start
from pipelines.following import follow, refuse_failure
from pipelines.settings import Settings
from pipelines.verbs.options import add_parameters, add_target, chosen_target

SUMMARY = "start an execution; --wait follows it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_parameters(parser)
    parser.add_argument("--wait", action="store_true", help="show progress until the execution ends")


def run(arguments: argparse.Namespace) -> int:
    """Print the execution's ARN; with --wait fail where it fails."""
    target = chosen_target(arguments)
    arn = start(target, Settings(), arguments.parameters)
    sys.stdout.write(f"{arn}\n")
    sys.stdout.flush()
    if arguments.wait:
        refuse_failure(follow(target, arn))
    return 0
