"""What must not get worse, however good the challenger's predictions are: each guardrail harms only beyond doubt.

A guardrail says `harm` when the whole always-valid interval lies beyond its tolerance. The probability that any
guardrail ever raises a false alarm is at most the plan's guardrail_alpha, shared evenly (Bonferroni).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.experiment import counts_sequence, mean_sequence
from processing.experiment.comparison import calibration_gaps, compare, log_losses
from processing.experiment.metrics_file import Counted, Metrics
from processing.experiment.plan import PAIRED, Plan
from processing.experiment.requests import CHALLENGER, CHAMPION, Requests

OK, HARM, NOT_MEASURED = "ok", "harm", "not_measured"
_NAMES = 5
_SLOW_SHARE = 0.01
_MOST_SLICES = 40


@dataclass(frozen=True)
class Guardrail:
    """One guardrail's state.

    Attributes:
        name: What it guards.
        status: `ok`, `harm` or `not_measured`.
        tolerance: The most that is allowed of what `estimate` measures.
        estimate: Challenger against champion, above 0 is worse.
        lower: Lower end of its always-valid interval.
        upper: Upper end.
        detail: In words.
    """

    name: str
    status: str
    tolerance: float
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class SliceDifference:
    """Difference of the log loss in one slice, with its interval."""

    column: str
    value: str
    requests: int
    estimate: float
    lower: float
    upper: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "slice": self.column,
            "value": self.value,
            "requests": self.requests,
            "estimate": self.estimate,
            "lower": finite(self.lower),
            "upper": finite(self.upper),
        }


def judge_guardrails(requests: Requests, metrics: Metrics, plan: Plan) -> tuple[list[Guardrail], list[dict[str, Any]]]:
    """All guardrails, and the slices behind the worst one."""
    alpha = plan.guardrail_alpha / _NAMES
    limit = plan.guardrails.latency_p99_microseconds
    champion, challenger = (metrics.counted(name, limit) for name in (CHAMPION, CHALLENGER))
    worst, slices = _worst_slice(requests, plan, alpha)
    guardrails = [
        _error_rate(champion, challenger, plan, alpha),
        _latency(champion, challenger, plan, alpha),
        _calibration(requests, plan, alpha),
        worst,
        _daily(requests, plan, alpha),
    ]
    return guardrails, slices


def _error_rate(champion: Counted | None, challenger: Counted | None, plan: Plan, alpha: float) -> Guardrail:
    name, tolerance = "error_rate", plan.guardrails.error_rate
    if champion is None or challenger is None or not challenger.invocations:
        return Guardrail(name, NOT_MEASURED, tolerance, detail="no invocations of the challenger are known")
    new = counts_sequence.confidence_interval(challenger.errors, challenger.invocations, alpha=alpha / 2)
    old = counts_sequence.confidence_interval(champion.errors, champion.invocations, alpha=alpha / 2)
    lower, upper = new.lower - old.upper, new.upper - old.lower
    if not champion.invocations:
        # Nothing to compare with: the tolerance then bounds the rate itself.
        lower, upper = new.lower, new.upper
    detail = f"{challenger.errors:.0f} of {challenger.invocations:.0f} invocations failed, the champion's "
    detail += f"{champion.errors:.0f} of {champion.invocations:.0f}"
    return _decide(name, tolerance, (new.estimate - old.estimate, lower, upper), detail)


def _latency(champion: Counted | None, challenger: Counted | None, plan: Plan, alpha: float) -> Guardrail:
    """The p99 is over the limit beyond doubt, and worse than the champion's: a slow day hits both."""
    name, limit = "latency_p99", plan.guardrails.latency_p99_microseconds
    if challenger is None or not challenger.timed:
        return Guardrail(name, NOT_MEASURED, _SLOW_SHARE, detail="no latency of the challenger is known")
    new = counts_sequence.confidence_interval(challenger.over_limit, challenger.timed, alpha=alpha / 2)
    allowed = _SLOW_SHARE
    if champion is not None and champion.timed:
        old = counts_sequence.confidence_interval(champion.over_limit, champion.timed, alpha=alpha / 2)
        allowed = max(allowed, old.upper)
    status = HARM if new.lower > allowed else OK
    detail = f"share of requests over {limit / 1000:g} ms; at most 1 % means a p99 within the limit"
    if challenger.p99_microseconds is not None:
        detail += f"; the worst period's p99 was {challenger.p99_microseconds / 1000:.1f} ms"
    return Guardrail(name, status, _SLOW_SHARE, new.estimate, new.lower, new.upper, detail)


def _calibration(requests: Requests, plan: Plan, alpha: float) -> Guardrail:
    """|mean prediction - base rate| of the challenger above the champion's.

    With gaps a and b, |a| - |b| exceeds a tolerance exactly if for one sign s of a both s·a - b and s·a + b do. So its
    lower end is the larger, over s, of the smaller lower end of the two.
    """
    name, tolerance = "calibration", plan.guardrails.calibration
    gaps = calibration_gaps(requests, plan.comparison)
    difference, summed = (compare(requests, gaps, plan.comparison, requests.judged, sign=sign) for sign in (-1.0, 1.0))
    if not len(difference.days):
        return Guardrail(name, NOT_MEASURED, tolerance, detail="no closed day yet")
    minus, plus = (each.sequence(alpha, plan.mixture) for each in (difference, summed))
    worse = max(min(minus.lower[-1], plus.lower[-1]), min(-minus.upper[-1], -plus.upper[-1]))
    at_most = max(min(minus.upper[-1], plus.upper[-1]), min(-minus.lower[-1], -plus.lower[-1]))
    new, old = (plus.estimate[-1] + minus.estimate[-1]) / 2, (plus.estimate[-1] - minus.estimate[-1]) / 2
    detail = f"mean prediction minus base rate: challenger {new:+.4f}, champion {old:+.4f}"
    return _decide(name, tolerance, (abs(new) - abs(old), worse, at_most), detail)


def _worst_slice(requests: Requests, plan: Plan, alpha: float) -> tuple[Guardrail, list[dict[str, Any]]]:
    name, tolerance = "worst_slice", plan.guardrails.slice_log_loss
    losses = log_losses(requests, plan.comparison)
    judged: list[SliceDifference] = []
    for column, value, rows in _slices(requests, plan.guardrails.minimum_slice_rows):
        sums = compare(requests, losses, plan.comparison, rows)
        if len(sums.days):
            # The divisor is fixed beforehand: which slices are large enough must not change the error probability.
            sequence = sums.sequence(alpha / _MOST_SLICES, plan.mixture)
            ends = (float(sequence.lower[-1]), float(sequence.upper[-1]))
            judged.append(SliceDifference(column, value, int(sums.requests.sum()), float(sequence.estimate[-1]), *ends))
    if not judged:
        return Guardrail(name, NOT_MEASURED, tolerance, detail="no slice has enough judged requests yet"), []
    judged.sort(key=lambda each: each.estimate, reverse=True)
    surest = max(judged, key=lambda each: each.lower)
    shown = surest if surest.lower > tolerance else judged[0]
    detail = f"{shown.column} {shown.value}, {shown.requests} requests; {len(judged)} slices judged"
    interval = (shown.estimate, shown.lower, shown.upper)
    return _decide(name, tolerance, interval, detail), [each.to_dict() for each in judged]


def _daily(requests: Requests, plan: Plan, alpha: float) -> Guardrail:
    """The log loss is worse by more than any day makes it: need not wait for the day's end."""
    name, tolerance = "daily_log_loss", plan.guardrails.daily_log_loss
    losses = log_losses(requests, plan.comparison)
    rows = ~np.isnan(requests.labels)
    if plan.comparison != PAIRED:
        return Guardrail(name, NOT_MEASURED, tolerance, detail="only the paired comparison knows it within a day")
    rows = rows & requests.is_scored
    values = losses.challenger[rows] - losses.champion[rows]
    mean = mean_sequence.confidence_interval(len(values), values.sum(), (values**2).sum(), alpha=alpha)
    if np.isinf(mean.lower):
        return Guardrail(name, NOT_MEASURED, tolerance, detail=f"{len(values)} labelled requests are too few")
    interval = (mean.estimate, mean.lower, mean.upper)
    return _decide(name, tolerance, interval, f"{len(values)} labelled requests")


def _slices(requests: Requests, minimum: int) -> list[tuple[str, str, Any]]:
    """The largest slices."""
    found = []
    for column, values in requests.slices.items():
        names, places, counts = np.unique(values[requests.judged].astype(str), return_inverse=True, return_counts=True)
        if len(names) < 2:  # noqa: PLR2004 - a slice that is everything is none
            continue
        for place, (name, count) in enumerate(zip(names, counts, strict=True)):
            if count >= minimum and name:
                rows = np.zeros(len(values), dtype=np.bool_)
                rows[np.flatnonzero(requests.judged)[places == place]] = True
                found.append((int(count), column, str(name), rows))
    found.sort(key=lambda entry: entry[:3], reverse=True)
    return [entry[1:] for entry in found[:_MOST_SLICES]]


def _decide(name: str, tolerance: float, interval: tuple[float, float, float], detail: str) -> Guardrail:
    estimate, lower, upper = interval
    status = HARM if lower > tolerance else OK
    return Guardrail(name, status, tolerance, float(estimate), finite(lower), finite(upper), detail)


def finite(value: float) -> float | None:
    """JSON has no infinity: an open end is null."""
    return float(value) if np.isfinite(value) else None
