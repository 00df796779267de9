"""Print the resources a definition is rendered with, in the shape that --resources reads."""

import argparse
import json
import sys

from pipelines.verbs.options import add_target, chosen_target

SUMMARY = "print the resources of the target as JSON (the shape that --resources reads)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the target's resources; on the local target they are made first."""
    target = chosen_target(arguments)
    sys.stdout.write(json.dumps(target.resources.to_dict(), indent=2) + "\n")
    return 0
