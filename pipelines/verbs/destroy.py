"""Destroy the platform: the stacks go, data and models stay unless --purge; tells what is left and what it costs."""

import argparse
import sys

from pipelines.platform.remains import Remain
from pipelines.platform.removal import destroy
from pipelines.verbs.options import add_platform_target, platform_target

SUMMARY = "delete the platform's stacks; tells what is left and what it costs"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_platform_target(parser)
    parser.add_argument("--purge", action="store_true", help="delete data, registered models and keys for good")


def run(arguments: argparse.Namespace) -> int:
    """Destroy; fail where a purge leaves something that costs money."""
    remains = destroy(platform_target(arguments), arguments.stage, purges=arguments.purge)
    for remain in remains:
        sys.stdout.write(f"left: {remain.what}{_cost(remain)}\n")
    if not remains:
        sys.stdout.write("nothing is left\n")
    elif not arguments.purge:
        sys.stdout.write("the data was kept on purpose, with the keys and roles it needs; --purge deletes it\n")
    return 1 if arguments.purge and any(remain.cost for remain in remains) else 0


def _cost(remain: Remain) -> str:
    return f" — costs {remain.cost}" if remain.cost else ""
