"""Show quality by slice of the flights: area under the curve with its interval, log loss, calibration in the large."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipelines.report import charts_rows
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.run_facts import RunFacts
from pipelines.report.scales import Scale, ticks
from pipelines.report.wording import count, number

_FEW_LATE = 10
_Z = 1.96


@dataclass(frozen=True)
class Slice:
    """One value of one slicing column."""

    group: str
    value: str
    rows: float | None
    rate: float | None
    predicted: float | None
    auc: float | None
    log_loss: float | None
    low: float | None
    high: float | None
    chart: Markup | None = None

    @property
    def late(self) -> float:
        """How many late flights it holds."""
        return (self.rows or 0) * (self.rate or 0)


def slices(run: RunFolder) -> dict[str, Any]:
    """Return the slices in groups, and how many were too small to be judged."""
    evaluation = run.need("evaluation")
    found = [_slice(row) for row in evaluation.rows("slices")]
    if not found:
        raise MissingPartError("The evaluation holds no slices.")
    shown = [part for part in found if part.auc is not None and part.late >= _FEW_LATE]
    overall = RunFacts.of(run).test.number("auc")
    scale = _scale(shown, overall)
    groups: dict[str, list[Slice]] = {}
    for part in sorted(shown, key=lambda part: -(part.rows or 0)):
        groups.setdefault(part.group.replace("_", " "), []).append(_with_chart(part, scale, overall))
    below = [part for part in shown if overall is not None and part.high is not None and part.high < overall]
    return {
        "groups": groups,
        "overall": overall,
        "shown": len(shown),
        "small": [part for part in found if part not in shown],
        "few": _FEW_LATE,
        "skipped": sum(value.number() or 0 for _, value in evaluation.items("slice_values_with_too_few_rows")),
        "below": sorted(below, key=lambda part: part.auc or 0),
        "ticks": [{"at": scale(tick), "label": number(tick, 2)} for tick in ticks(scale.low, scale.high, 4)],
    }


def auc_error(auc: float, positives: float, negatives: float) -> float:
    """Return the standard error of an AUC of independent rows.

    Hanley and McNeil 1982: Q1 = A/(2-A), Q2 = 2A²/(1+A),
    SE² = (A(1-A) + (n₁-1)(Q1-A²) + (n₀-1)(Q2-A²)) / (n₁n₀).

    >>> round(auc_error(0.75, 2700, 24300), 4)
    0.0056
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return math.sqrt(max(variance, 0.0) / (positives * negatives))


def _slice(row: Document) -> Slice:
    rows, rate, auc = row.number(("rows", "count", "n")), row.number(("base_rate", "label_rate")), row.number("auc")
    low, high = _interval(row, rows, rate, auc)
    return Slice(
        group=row.text(("slice", "column", "dimension")) or row.text("name"),
        value=row.text(("value", "level")),
        rows=rows,
        rate=rate,
        predicted=row.number(("mean_prediction", "mean_predicted")),
        auc=auc,
        log_loss=row.number("log_loss"),
        low=low,
        high=high,
    )


def _interval(
    row: Document, rows: float | None, rate: float | None, auc: float | None
) -> tuple[float | None, float | None]:
    low, high = row.number(("auc_lower", "lower")), row.number(("auc_upper", "upper"))
    if low is not None and high is not None:
        return low, high
    error = row.number("auc_standard_error")
    late, punctual = (rows or 0) * (rate or 0), (rows or 0) * (1 - (rate or 0))
    if auc is None or (error is None and (late < 1 or punctual < 1)):
        return None, None
    spread = _Z * (error if error is not None else auc_error(auc, late, punctual))
    return max(auc - spread, 0.0), min(auc + spread, 1.0)


def _scale(shown: Sequence[Slice], overall: float | None) -> Scale:
    ends = [end for part in shown for end in (part.low, part.high) if end is not None]
    ends += [overall] if overall is not None else []
    if not ends:
        return Scale(0.5, 1.0, 0, 100)
    return Scale(math.floor(min(ends) * 20) / 20, math.ceil(max(ends) * 20) / 20, 0, 100)


def _with_chart(part: Slice, scale: Scale, overall: float | None) -> Slice:
    title = (
        f"{part.value}: AUC {number(part.auc)} ({number(part.low)} to {number(part.high)}), {count(part.rows)} flights"
    )
    chart = charts_rows.interval(scale, part.auc, part.low, part.high, reference=overall, title=title)
    return Slice(**{**part.__dict__, "chart": chart})
