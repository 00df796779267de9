"""Have the champion score a day's schedule, as known the evening before."""

import argparse
import sys
import textwrap
from datetime import date

from pipelines.scoring import score
from pipelines.verbs.options import add_platform_target, platform_target

SUMMARY = "have the champion score a day's schedule"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_platform_target(parser)
    parser.add_argument("--day", type=_day, required=True, metavar="YYYY-MM-DD", help="the day, by New York's calendar")


def run(arguments: argparse.Namespace) -> int:
    """Start, follow, and say where the predictions are."""

    def show(what: str) -> None:
        sys.stdout.write(f"score {arguments.day}: {what}\n")
        sys.stdout.flush()

    scored = score(platform_target(arguments), arguments.stage, arguments.day, show)
    show(f"{scored.flights} flights scored by version {scored.model_version}")
    sys.stdout.write(
        f"predictions: {scored.predictions}\n"
        f"query them in Athena (workgroup {scored.workgroup}):\n{textwrap.indent(scored.query, '  ')}\n"
    )
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2013-12-05") from None
