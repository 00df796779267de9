"""Reject a registered model, by default the newest version."""

import argparse
import sys

from pipelines.approval import decide
from pipelines.verbs.options import add_target, chosen_target

SUMMARY = "reject a registered model"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument("package", nargs="?", metavar="VERSION|ARN", help="model package (default: the newest)")
    parser.add_argument("--reason", help="why; kept with the package")


def run(arguments: argparse.Namespace) -> int:
    """Set the status and print it."""
    target = chosen_target(arguments)
    package = decide(target, arguments.package, "Rejected", arguments.reason)
    sys.stdout.write(f"{package['ModelPackageArn']} is {package['ModelApprovalStatus']}\n")
    return 0
