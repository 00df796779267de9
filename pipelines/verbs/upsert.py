"""Upload the code, check the definition, and create or update the pipeline."""

import argparse
import sys

from pipelines.deploy import upsert
from pipelines.errors import UsageError
from pipelines.names import command_line
from pipelines.settings import Settings
from pipelines.verbs.options import add_budget, add_target, chosen_platform, chosen_target

SUMMARY = "upload the code, check the definition, create or update the pipeline"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_budget(parser)


def run(arguments: argparse.Namespace) -> int:
    """Bring the pipeline to the target."""
    settings = Settings.of_budget(arguments.budget)
    if chosen_platform(arguments) == "cdk" and not arguments.resources:
        raise UsageError(
            "the pipeline belongs to the platform's stacks: what is changed beside them is drift",
            hint=f"`{command_line('deploy')}` brings a changed pipeline; --platform sandbox goes without stacks",
        )
    deployed = upsert(chosen_target(arguments), settings)
    verdict = "created or updated" if deployed.changed else "unchanged"
    sys.stdout.write(f"{deployed.arn} {verdict}; {deployed.bundles_uploaded} code bundles uploaded\n")
    return 0
