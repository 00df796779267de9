"""Deploy the platform: bootstrap where it is missing, then every stack of the stage, by the unmodified cdk CLI."""

import argparse
import sys
import time

from pipelines.platform.deployment import deploy
from pipelines.verbs.options import add_budget, add_platform_target, platform_target

SUMMARY = "deploy the platform's stacks; says so where nothing changed"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_platform_target(parser)
    add_budget(parser)


def run(arguments: argparse.Namespace) -> int:
    """Deploy and print the verdict."""
    start = time.monotonic()
    deployment = deploy(platform_target(arguments), arguments.stage, arguments.budget)
    verdict = "deployed" if deployment.changed else "no changes"
    seconds = time.monotonic() - start
    sys.stdout.write(f"{verdict}: {len(deployment.stacks)} stacks of stage {arguments.stage} in {seconds:.1f} s\n")
    return 0
