"""Show what a deploy would change, by the cdk CLI."""

import argparse

from pipelines.platform.deployment import diff
from pipelines.verbs.options import add_budget, add_platform_target, platform_target

SUMMARY = "show what a deploy would change"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_platform_target(parser)
    add_budget(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences of every stack."""
    diff(platform_target(arguments), arguments.stage, arguments.budget)
    return 0
