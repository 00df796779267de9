"""Decide about a registered model: what the verbs `approve` and `reject` share."""

import argparse
import sys

from pipelines.approval import decide
from pipelines.verbs.options import add_target, chosen_target


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    parser.add_argument("package", nargs="?", metavar="VERSION|ARN", help="model package (default: the newest)")
    parser.add_argument("--reason", help="why; kept with the package")


def set_status(arguments: argparse.Namespace, status: str) -> int:
    """Set the approval status and print it."""
    package = decide(chosen_target(arguments), arguments.package, status, arguments.reason)
    sys.stdout.write(f"{package['ModelPackageArn']} is {package['ModelApprovalStatus']}\n")
    return 0
