"""Synthesise the platform's templates: offline, without credentials, through CDK's own validator."""

import argparse
import sys
from pathlib import Path

from pipelines.names import short
from pipelines.platform.assembly import synthesise
from pipelines.verbs.options import add_budget, add_stage

SUMMARY = "synthesise the platform's templates, offline"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_stage(parser)
    add_budget(parser)
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where to (default: below .local/cdk)")


def run(arguments: argparse.Namespace) -> int:
    """Synthesise and print where each template lies."""
    assembly = synthesise(arguments.stage, arguments.budget, is_fresh=True, folder=arguments.output)
    for stack in assembly.stacks:
        resources = len(assembly.template(stack)["Resources"])
        sys.stdout.write(f"{stack:<32} {resources:>4} resources\n")
    sys.stdout.write(f"templates: {short(assembly.folder)}\n")
    return 0
