"""Plan an experiment between a champion and a challenger: how long it takes, and what it can find."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from processing.experiment.plan import Plan
    from processing.experiment.planning import Duration, Spread

SUMMARY = "plan an experiment: how long it takes, and what it can find"

# What December's flights show for two models of different features (docs/explanation/ab-testing.md).
_DAY_SPREAD, _REQUEST_SPREAD, _REQUESTS_PER_DAY, _BASE_RATE = 0.05, 0.35, 870, 0.2
_TWO_SIDED_95 = 3.92
_YEAR = 365


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    positive, share = _number(0, float("inf")), _number(0, 1)
    add = parser.add_argument
    add("--experiment", default="release", metavar="NAME", help="its name, e.g. release-v7 (default: %(default)s)")
    add("--kind", choices=("paired", "split"), default="paired", help="split where a prediction changes the outcome")
    add("--effect", type=positive, default=0.05, help="smallest improvement of the log loss that matters (%(default)s)")
    add("--requests-per-day", type=positive, default=_REQUESTS_PER_DAY, help="labelled requests (%(default)s)")
    add("--split", type=share, default=0.5, metavar="SHARE", help="challenger's share after the ramp (%(default)s)")
    add("--alpha", type=_number(0, 0.5), default=0.05, help="probability of a wrong verdict (%(default)s)")
    add("--power", type=share, default=0.8, help="probability to find the effect in time (%(default)s)")
    add("--baseline-rate", type=share, default=_BASE_RATE, help="share of positive outcomes (%(default)s)")
    add("--day-spread", type=positive, help=f"standard deviation of days' mean differences (default: {_DAY_SPREAD})")
    add("--request-spread", type=positive, help=f"that of one request's paired difference (default: {_REQUEST_SPREAD})")
    add("--loss-spread", type=positive, help="that of one request's loss (default: guessed from the baseline rate)")
    add(
        "--evaluation",
        type=Path,
        metavar="FILE",
        help="evaluation.json with a champion: days' spread from its interval",
    )
    add("--maximum-days", type=int, help="longest duration (default: what the power needs)")
    add("--label-delay-hours", type=positive, default=12.0, help="how long a day waits for its labels (%(default)s)")
    add(
        "--day-starts-at-utc-hour", type=int, choices=range(24), default=0, metavar="HOUR", help="0 to 23 (%(default)s)"
    )
    add("--output", type=Path, default=Path("plan.json"), metavar="FILE", help="(default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Plan, print a table, write plan.json."""
    # Loading scipy takes longer than most other verbs run.
    from dataclasses import replace  # noqa: PLC0415 - as above

    from processing.experiment import planning  # noqa: PLC0415 - as above
    from processing.experiment.plan import Plan  # noqa: PLC0415 - as above

    if arguments.maximum_days is not None and arguments.maximum_days < 1:
        raise UsageError(f"--maximum-days is {arguments.maximum_days}; allowed is 1 or more")
    spread = _spread(arguments, planning.loss_spread)
    asked = Plan(
        experiment=arguments.experiment,
        comparison=arguments.kind,
        alpha=arguments.alpha,
        power=arguments.power,
        minimum_effect=arguments.effect,
        requests_per_day=arguments.requests_per_day,
        challenger_share=arguments.split,
        label_delay_hours=arguments.label_delay_hours,
        day_starts_at_utc_hour=arguments.day_starts_at_utc_hour,
    )
    plan, durations = planning.complete(asked, spread, arguments.maximum_days)
    plan = replace(plan, planned=planning.describe(durations, spread))
    sys.stdout.write(_table(plan, durations, spread))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(plan.to_dict(), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"\nwrote {arguments.output}\n")
    return 0


def _spread(arguments: argparse.Namespace, guess: Callable[[float], float]) -> "Spread":
    from processing.experiment.planning import Spread  # noqa: PLC0415 - scipy loads slowly

    day, request = arguments.day_spread, arguments.request_spread
    if arguments.evaluation is not None:
        # The interval's width holds both the days' and the requests' share of the spread.
        day, request = day or _spread_of_days(arguments.evaluation), request or 1e-9
    loss = arguments.loss_spread or guess(arguments.baseline_rate)
    return Spread(day=day or _DAY_SPREAD, request=request or _REQUEST_SPREAD, loss=max(loss, 1e-9))


def _spread_of_days(file: Path) -> float:
    """The standard deviation behind evaluate's interval over days (a paired bootstrap)."""
    try:
        comparisons = json.loads(file.read_text(encoding="utf-8"))["comparisons"]
        interval, days = comparisons["champion"]["log_loss_difference"], comparisons["method"]["days"]
        return float((interval["upper"] - interval["lower"]) / _TWO_SIDED_95 * days**0.5)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"--evaluation {file}: no comparison with a champion in it ({type(error).__name__}: {error})",
            "give the evaluation.json of a model that was evaluated against a champion, or --day-spread",
        ) from error


def _table(plan: "Plan", durations: "dict[str, Duration]", spread: "Spread") -> str:
    kinds = list(durations)
    rows: list[tuple[str, *tuple[str, ...]]] = [("", *(f"{k} *" if k == plan.comparison else k for k in kinds))]
    for name, show in _ROWS:
        rows.append((name, *(show(durations[kind]) for kind in kinds)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(kinds) + 1)]
    goal = f"{plan.experiment}: improvement of the log loss by {plan.minimum_effect:g}, alpha {plan.alpha:g}"
    traffic = f"{plan.requests_per_day:g} requests a day, challenger's share {plan.challenger_share:g}"
    spreads = f"between days {spread.day:.4g}, of a request's difference {spread.request:.4g}, of its loss"
    lines = [f"{goal}, power {plan.power:g}, {traffic}", f"spread: {spreads} {spread.loss:.4g}", ""]
    for first, *others in rows:
        cells = (text.rjust(width) for text, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    lines += ["", f"* the plan's comparison: ends after {plan.maximum_days} closed days at the latest"]
    ratio = plan.sample_ratio
    lines.append(
        f"sample ratio: {ratio.requests:,} requests find a mismatch of {100 * ratio.mismatch:g} % of all requests "
        "with 95 % power"
    )
    return "\n".join(lines) + "\n"


def _count(value: float | None) -> str:
    return "over a year" if value is None else f"{value:,}"


def _days(value: int | None) -> str:
    return "over a year" if value is None or value >= _YEAR else str(value)


_ROWS: "tuple[tuple[str, Callable[[Duration], str]], ...]" = (
    ("effect, in standard deviations of a day", lambda each: f"{each.standardised_effect:.2f}"),
    ("days until half of all experiments are decided", lambda each: _days(each.expected_days)),
    ("days for the power", lambda each: _days(each.days)),
    ("requests in these days", lambda each: _count(each.requests)),
    ("days, if looked at once at the end only", lambda each: _days(each.fixed_days)),
    ("requests, were those of a day independent (they are not)", lambda each: _count(each.independent_requests)),
    (
        "effect that is found by the plan's end",
        lambda each: "none" if each.detectable_effect is None else f"{each.detectable_effect:.4g}",
    ),
)


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not low < value < high:
            raise argparse.ArgumentTypeError(f"{text} is not allowed; expected a number above {low:g}, below {high:g}")
        return value

    read.__name__ = "number"
    return read
