"""Declare the command-line options that several verbs share."""

import argparse
import os
from pathlib import Path

from pipelines.platform.outputs import STAGES
from pipelines.resources import Resources
from pipelines.settings import BUDGETS
from pipelines.targets import DEFAULT_PLATFORM, PLATFORMS, Target, connect


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add --target and where its resources are described."""
    parser.add_argument("--target", choices=("local", "aws"), default="local", help="where (default: %(default)s)")
    parser.add_argument(
        "--resources", type=Path, metavar="FILE.json", help="resources in the account (default: of the stage's stacks)"
    )
    add_stage(parser)
    parser.add_argument(
        "--platform",
        choices=PLATFORMS,
        help=f"what makes the local target's resources (default: PLATFORM, else {DEFAULT_PLATFORM})",
    )


def add_platform_target(parser: argparse.ArgumentParser) -> None:
    """Add --target and --stage of the verbs that deploy the platform itself."""
    parser.add_argument("--target", choices=("local", "aws"), default="local", help="where (default: %(default)s)")
    add_stage(parser)


def platform_target(arguments: argparse.Namespace) -> Target:
    """Return the target to which the platform is deployed."""
    return connect(arguments.target, stage=arguments.stage, platform="cdk")


def add_stage(parser: argparse.ArgumentParser) -> None:
    """Add --stage."""
    parser.add_argument("--stage", choices=STAGES, default="sandbox", help="stage of the platform (%(default)s)")


def chosen_target(arguments: argparse.Namespace) -> Target:
    """Return the target that the command line names."""
    return connect(arguments.target, arguments.resources, stage=arguments.stage, platform=arguments.platform)


def chosen_platform(arguments: argparse.Namespace) -> str:
    """Return who makes the resources of the target; in an account it is always the platform."""
    if arguments.target == "aws":
        return "cdk"
    return str(arguments.platform or os.environ.get("PLATFORM") or DEFAULT_PLATFORM)


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
