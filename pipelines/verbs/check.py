"""Check the pipeline definition, or any other one: requests, references, order, security policy, caching traps."""

import argparse
import sys
from pathlib import Path

from pipelines.bundle import build_bundles
from pipelines.checks import CHECKS, refuse_faults
from pipelines.definition import render
from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.verbs.options import add_budget, add_resources, chosen_resources

SUMMARY = "check the definition: requests, references, security policy, caching traps"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_budget(parser)
    add_resources(parser)
    parser.add_argument("--definition", type=Path, metavar="FILE.json", help="check this file instead of our pipeline")


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; fail if there is one."""
    text = _text(arguments)
    refuse_faults(text)
    sys.stdout.write(f"the definition ({len(text):,} characters) passes {len(CHECKS) + 1} checks\n")
    return 0


def _text(arguments: argparse.Namespace) -> str:
    if not arguments.definition:
        return render(chosen_resources(arguments), build_bundles(), Settings.of_budget(arguments.budget))
    try:
        return str(arguments.definition.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(f"{arguments.definition}: cannot be read: {reason}") from error
