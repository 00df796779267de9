"""Show the model's quality on the test months: ROC, precision-recall, calibration, the decision at a threshold."""

import math
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipelines.report import svg
from pipelines.report.charts_plane import Plane, Point, interval_bar
from pipelines.report.decision import Confusion, decide
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.run_facts import RunFacts
from pipelines.report.wording import count, number, percent

_Z = 1.96
# Below this recall, precision rests on a handful of flights and jumps between 0 and 1.
_SETTLED = 0.005


@dataclass(frozen=True)
class Bin:
    """Flights of similar predictions: what was predicted, what happened, and the 95 % interval of that."""

    rows: float
    predicted: float
    observed: float
    low: float
    high: float


def quality(run: RunFolder) -> dict[str, Any]:
    """Return the charts of model quality."""
    evaluation, curves = run.need("evaluation"), run["curves"]
    facts = RunFacts.of(run)
    told = evaluation.at("threshold")
    matrix = Confusion.of(told.at("confusion_matrix"))
    bins = _bins(curves, evaluation)
    return {
        "roc": _roc(curves, evaluation, matrix, facts.test.number("auc")),
        "pr": _precision_recall(curves, evaluation, matrix, facts.test.number("base_rate")),
        "calibration": _calibration(bins),
        "bins": bins,
        "threshold": told.number("value"),
        "matrix": matrix,
        "decision": decide(told),
        "chosen_on": told.text("chosen_on"),
        "test": facts.test,
        "calibration_error": evaluation.number("calibration", "expected_calibration_error"),
        "plots": sorted(path.name for path in (run.path / "evaluation" / "plots").glob("*.svg")),
    }


def wilson(share: float, rows: float) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share of independent rows.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n); Wilson 1927. Flights of one day are dependent, so it is a
    little too narrow here.

    >>> [round(end, 3) for end in wilson(0.5, 100)]
    [0.404, 0.596]
    """
    if rows <= 0:
        return 0.0, 1.0
    spread = _Z * math.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    middle, scale = share + _Z**2 / (2 * rows), 1 + _Z**2 / rows
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def _curve(curves: Document, evaluation: Document, keys: tuple[str, str], axes: tuple[str, str]) -> list[Point]:
    """Return the candidate's curve, from curves.json or from Model Monitor's lists in evaluation.json."""
    measured = evaluation.at("binary_classification_metrics", keys)
    for told in (curves.at(keys, "candidate"), curves.at(keys), measured):
        xs, ys = told.numbers(("x", axes[0], axes[0] + "s")), told.numbers(("y", axes[1], axes[1] + "s"))
        if xs and len(xs) == len(ys):
            return list(zip(xs, ys, strict=True))
    raise MissingPartError(f"The evaluation holds no {keys[0].replace('_', '-')} curve.")


def _roc(curves: Document, evaluation: Document, matrix: Confusion | None, auc: float | None) -> Markup:
    keys = ("roc", "receiver_operating_characteristic_curve")
    points = sorted(_curve(curves, evaluation, keys, ("false_positive_rate", "true_positive_rate")))
    plane = Plane.unit(
        "punctual flights flagged by mistake", "late flights found", f"ROC curve; the area under it is {number(auc)}"
    )
    marks = [
        plane.line([(0, 0), (1, 1)], "diagonal"),
        svg.text("coin toss: 0.5", plane.x(0.62), plane.y(0.62) + 20, "note quiet"),
        _area(plane, points),
        plane.line(points),
        svg.text(f"AUC {number(auc)}", plane.x(0.62), plane.y(0.2), "note big"),
    ]
    if matrix:
        point = (matrix.false_alarm, matrix.recall)
        words = (f"{percent(matrix.recall, 0)} found,", f"{percent(matrix.false_alarm, 0)} false alarms")
        marks += [
            plane.dot(point, " ".join(words), class_="dot mark", radius=5.5),
            plane.note(point, *words, dx=10, dy=8),
        ]
    return plane.draw(*marks)


def _precision_recall(curves: Document, evaluation: Document, matrix: Confusion | None, rate: float | None) -> Markup:
    keys = ("precision_recall", "precision_recall_curve")
    points = [point for point in _curve(curves, evaluation, keys, ("recall", "precision")) if point[0] >= _SETTLED]
    plane = Plane.unit("late flights found (recall)", "flags that are right (precision)", "Precision against recall")
    marks = [plane.line(sorted(points, key=lambda point: point[0]))]
    if rate is not None:
        marks += [
            plane.line([(0, rate), (1, rate)], "diagonal"),
            svg.text(f"flag at random: {percent(rate, 0)}", plane.x(0.02), plane.y(rate) + 16, "note quiet"),
        ]
    if matrix:
        point = (matrix.recall, matrix.precision)
        words = (f"{percent(matrix.recall, 0)} found,", f"{percent(matrix.precision, 0)} of flags right")
        marks += [
            plane.dot(point, " ".join(words), class_="dot mark", radius=5.5),
            plane.note(point, *words, dx=4, dy=-28),
        ]
    return plane.draw(*marks)


def _area(plane: Plane, points: list[Point]) -> Markup:
    return plane.line([(0, 0), *points, (1, 0)], "area")


def _bins(curves: Document, evaluation: Document) -> list[Bin]:
    rows = evaluation.rows("calibration", "bins") or evaluation.rows("calibration") or curves.rows("calibration")
    found = []
    for row in rows:
        predicted = row.number(("mean_prediction", "predicted", "mean_predicted", "prediction"))
        observed = row.number(("observed", "observed_rate", "base_rate", "label_rate", "actual"))
        count = row.number(("rows", "count", "n")) or 0.0
        if predicted is None or observed is None or not 0 <= observed <= 1:
            continue
        low, high = row.number(("observed_lower", "lower", "low")), row.number(("observed_upper", "upper", "high"))
        if low is None or high is None:
            low, high = wilson(observed, count)
        found.append(Bin(count, predicted, observed, low, high))
    return found


def _calibration(bins: list[Bin]) -> Markup | None:
    if not bins:
        return None
    top = min(1.0, 1.08 * max(max(group.high, group.predicted) for group in bins))
    plane = Plane.unit(
        "predicted risk",
        "flights that were late",
        f"Calibration in {len(bins)} groups of flights",
        x_high=top,
        y_high=top,
    )
    marks = [
        plane.line([(0, 0), (top, top)], "diagonal"),
        svg.text("perfect", plane.x(top * 0.62) - 8, plane.y(top * 0.62), "note quiet", text_anchor="end"),
    ]
    for group in bins:
        title = f"predicted {percent(group.predicted)}, late {percent(group.observed)} of {count(group.rows)} flights"
        marks += [
            interval_bar(plane, group.predicted, group.low, group.high),
            plane.dot((group.predicted, group.observed), title),
        ]
    return plane.draw(*marks)
