"""Print the pipeline definition that SageMaker gets."""

import argparse
import sys

from pipelines.bundle import build_bundles
from pipelines.definition import render
from pipelines.settings import Settings
from pipelines.verbs.options import add_budget, add_resources, chosen_resources

SUMMARY = "print the pipeline definition that SageMaker gets"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_budget(parser)
    add_resources(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the definition and nothing else."""
    settings = Settings.of_budget(arguments.budget)
    sys.stdout.write(render(chosen_resources(arguments), build_bundles(), settings))
    return 0
