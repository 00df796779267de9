"""Declare the command-line options that several verbs share."""

import argparse
import os
from pathlib import Path

from pipelines.resources import Resources
from pipelines.settings import BUDGETS


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add --target and where its resources are described."""
    parser.add_argument("--target", choices=("local", "aws"), default="local", help="where (default: %(default)s)")
    parser.add_argument(
        "--resources", type=Path, metavar="FILE.json", help="resources in the account; needed by --target aws"
    )


def add_resources(parser: argparse.ArgumentParser) -> None:
    """Add --resources for verbs that talk to no target."""
    parser.add_argument("--resources", type=Path, metavar="FILE.json", help="resources (default: fixed examples)")


def chosen_resources(arguments: argparse.Namespace) -> Resources:
    """Return the resources of the file named on the command line, or the examples."""
    return Resources.load(arguments.resources) if arguments.resources else Resources.example()


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Add --budget."""
    default = os.environ.get("BUDGET", "default")
    parser.add_argument(
        "--budget", default=default, metavar="|".join(BUDGETS), help="how much tuning (default: %(default)s)"
    )


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Add pipeline parameters as Name=value."""
    parser.add_argument("parameters", nargs="*", metavar="Name=value", help="pipeline parameters, e.g. MinAuc=0.75")


def add_execution(parser: argparse.ArgumentParser) -> None:
    """Add --execution, by default the last one."""
    parser.add_argument("--execution", metavar="ID|ARN", help="an execution (default: the last one started)")
