"""The evaluation's pictures: each function turns a part of the evaluation into one SVG document."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from processing.charts import BLUE, GREEN, GREY, INK, MUTED, ORANGE, PAPER, RED, Axis, Chart, percent
from processing.metrics import Curve, Floats, Labels

_TOP_FEATURES = 15
_HISTOGRAM_BINS = 40
_BAR_ROW = 25
_SLICE_ROW = 20


def roc(curves: Mapping[str, tuple[Curve, float]], operating: tuple[float, float], threshold: float) -> str:
    """ROC curves of all models; the dot is the decision threshold."""
    chart = Chart(
        "ROC curve",
        Axis.over("False positive rate", 0, 1),
        Axis.over("True positive rate", 0, 1),
        "Ranking quality on the test months; the dot is the decision threshold",
    )
    _draw_curves(chart, curves, "AUC")
    chart.line([(0, 0), (1, 1)], GREY, name="chance, AUC 0.500", dash="4 4", width=1.5)
    chart.dot(operating, INK)
    chart.text(operating, f"threshold {threshold:.3f}", dx=10, dy=14)
    return chart.render()


def precision_recall(
    curves: Mapping[str, tuple[Curve, float]], operating: tuple[float, float], base_rate: float
) -> str:
    """Precision against recall of all models; the dashed line is flagging at random."""
    chart = Chart(
        "Precision and recall",
        Axis.over("Recall: share of the late flights that are flagged", 0, 1),
        Axis.over("Precision: share of the flagged that are late", 0, 1),
        "The dot is the decision threshold",
    )
    # The first points rest on a handful of rows and jump between 0 and 1.
    settled = {
        name: (Curve(curve.x[curve.x >= 0.005], curve.y[curve.x >= 0.005], curve.thresholds), area)  # noqa: PLR2004
        for name, (curve, area) in curves.items()
    }
    _draw_curves(chart, settled, "AP")
    chart.line([(0, base_rate), (1, base_rate)], GREY, name=f"at random, {base_rate:.3f}", dash="4 4", width=1.5)
    chart.dot(operating, INK)
    return chart.render(legend="top-right")


def calibration(bins: Sequence[Mapping[str, Any]], error: float) -> str:
    """Observed share against predicted probability, with 95 % intervals."""
    high = min(1.0, 1.08 * max(max(each["observed_upper"], each["mean_prediction"]) for each in bins))
    chart = Chart(
        "Calibration",
        Axis.over("Predicted probability (mean of the bin)", 0, high, percent),
        Axis.over("Observed share of late flights", 0, high, percent),
        f"{len(bins)} bins of equal size, 95 % intervals; expected calibration error {error:.4f}",
    )
    chart.line([(0, 0), (high, high)], GREY, name="perfect calibration", dash="4 4", width=1.5)
    chart.line([(each["mean_prediction"], each["observed"]) for each in bins], BLUE, name="candidate", width=1.5)
    for each in bins:
        x = each["mean_prediction"]
        chart.line([(x, each["observed_lower"]), (x, each["observed_upper"])], BLUE, width=1.25)
        chart.dot((x, each["observed"]), BLUE)
    return chart.render()


def score_histogram(labels: Labels, scores: Floats, threshold: float) -> str:
    """How the predicted probabilities of late and of other flights are spread."""
    high = float(np.quantile(scores, 0.999))
    edges = np.linspace(0, high, _HISTOGRAM_BINS + 1)
    shares = {
        value: np.histogram(scores[labels == value].clip(0, high), edges)[0] / max(int((labels == value).sum()), 1)
        for value in (0, 1)
    }
    top = 1.12 * max(float(share.max()) for share in shares.values())
    chart = Chart(
        "Predicted probabilities",
        Axis.over("Predicted probability of arriving late", 0, high, percent),
        Axis.over("Share of the class's flights", 0, top, percent),
        "Distribution by actual outcome; the line is the decision threshold",
    )
    for value, colour, name in ((0, BLUE, "not late"), (1, ORANGE, "late")):
        for low, up, share in zip(edges[:-1], edges[1:], shares[value], strict=True):
            chart.box((low, 0), (up, share), colour, opacity=0.5, radius=0)
        chart.key(name, colour)
    if threshold < high:
        chart.line([(threshold, 0), (threshold, top)], INK, name=f"threshold {threshold:.3f}", dash="5 3", width=1.5)
    return chart.render(grid="y", legend="top-right")


def slices(entries: Sequence[Mapping[str, Any]], overall: float) -> str:
    """AUC of each slice with its 95 % interval, beside the overall AUC."""
    shown = [entry for entry in entries if entry["auc"] is not None and entry["auc_standard_error"] is not None]
    spans = [(entry["auc"], 1.96 * entry["auc_standard_error"]) for entry in shown]
    low = max(0.0, min([overall, *(auc - half for auc, half in spans)]) - 0.01)
    high = min(1.0, max([overall, *(auc + half for auc, half in spans)]) + 0.01)
    count = max(len(shown), 1)
    chart = Chart(
        "Quality by slice",
        Axis.over("ROC AUC", low, high),
        Axis("", 0, count, ()),
        f"AUC with 95 % interval; the dashed line is all flights, {overall:.3f}",
        left=206,
        right=88,
        height=72 + 62 + _SLICE_ROW * count + 8,
    )
    chart.line([(overall, 0), (overall, count)], GREY, dash="4 4", width=1.5)
    for row, (entry, (auc, half)) in enumerate(zip(shown, spans, strict=True)):
        y = count - row - 0.5
        colour = RED if auc + half < overall else GREEN if auc - half > overall else BLUE
        chart.line([(auc - half, y), (auc + half, y)], colour, width=1.75)
        chart.dot((auc, y), colour)
        chart.text((low, y), f"{entry['slice']} {entry['value']}", dx=-12, dy=4.5, anchor="end")
        chart.text((high, y), f"{entry['rows']:,} rows", dx=8, dy=4.5, colour=MUTED, size=12)
    return chart.render(grid="x")


def attributions(entries: Sequence[Mapping[str, Any]], rows: int) -> str:
    """The strongest features as bars."""
    shown = entries[:_TOP_FEATURES]
    count, high = len(shown), 1.12 * max(entry["mean_abs_shap"] for entry in shown) or 1.0
    chart = Chart(
        "What drives the prediction",
        Axis.over("Mean absolute SHAP value (log-odds)", 0, high),
        Axis("", 0, count, ()),
        f"The {count} strongest features, over {rows:,} test flights",
        left=190,
        right=64,
        height=72 + 62 + _BAR_ROW * count,
    )
    for row, entry in enumerate(shown):
        y, strength = count - row - 0.5, entry["mean_abs_shap"]
        chart.box((0, y - 0.34), (strength, y + 0.34), BLUE, opacity=0.85)
        chart.text((0, y), entry["feature"], dx=-10, dy=4.5, anchor="end")
        chart.text((strength, y), f"{strength:.3f}", dx=6, dy=4.5, colour=MUTED, size=12)
    return chart.render(grid="x")


def confusion(matrix: Mapping[str, Mapping[str, int]], threshold: float, costs: tuple[float, float]) -> str:
    """The decisions at the threshold, as a two by two table."""
    total = sum(count for row in matrix.values() for count in row.values())
    chart = Chart(
        "Decisions at the cost-optimal threshold",
        Axis("Prediction", 0, 2, (0.5, 1.5), lambda value: "flagged as late" if value > 1 else "not flagged"),
        Axis("Outcome", 0, 2, (0.5, 1.5), lambda value: "not late" if value > 1 else "late"),
        f"Threshold {threshold:.3f}: a missed late flight costs {costs[1]:g}, a false alarm {costs[0]:g}",
        height=380,
        left=112,
    )
    for actual, row in (("0", 1), ("1", 0)):
        in_row = sum(matrix[actual].values()) or 1
        for predicted, column in (("0", 0), ("1", 1)):
            count = matrix[actual][predicted]
            colour = GREEN if actual == predicted else RED
            share = count / in_row
            chart.box((column, row), (column + 1, row + 1), PAPER, radius=0)
            chart.box((column + 0.01, row + 0.015), (column + 0.99, row + 0.985), colour, opacity=0.12 + 0.5 * share)
            middle = (column + 0.5, row + 0.5)
            chart.text(middle, f"{count:,}", anchor="middle", size=26, weight=600, dy=-2)
            words = f"{percent(round(share, 3))} of the row, {percent(round(count / total, 3))} of all"
            chart.text(middle, words, anchor="middle", colour=INK, dy=22)
    return chart.render(grid="")


def learning_curve(history: Sequence[Mapping[str, float]], best_iteration: int) -> str | None:
    """Log loss by boosting round of the tuned model, with the round that was kept."""
    sets = {
        name: [(e["iteration"], e[f"{name}-logloss"]) for e in history if f"{name}-logloss" in e]
        for name in ("train", "validation")
    }
    if not sets["validation"]:
        return None
    values = [value for points in sets.values() for _, value in points]
    low, high = min(values), max(values)
    pad = 0.06 * (high - low) or 0.01
    chart = Chart(
        "Learning curve of the tuned model",
        Axis.over("Boosting round", 0, max(history[-1]["iteration"], 1)),
        Axis.over("Log loss", low - pad, high + pad),
        f"Early stopping kept round {best_iteration}",
    )
    for name, colour in (("train", GREY), ("validation", BLUE)):
        if sets[name]:
            chart.line(sets[name], colour, name=name)
    chart.line(
        [(best_iteration, low - pad), (best_iteration, high + pad)], INK, dash="5 3", width=1.25, name="best round"
    )
    return chart.render(legend="top-right")


def _draw_curves(chart: Chart, curves: Mapping[str, tuple[Curve, float]], measure: str) -> None:
    colours = (BLUE, GREEN, ORANGE)
    for index, (name, (curve, area)) in enumerate(curves.items()):
        points = list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
        if index == 0:
            chart.area(points, BLUE, opacity=0.06)
        chart.line(points, colours[index % 3], name=f"{name}, {measure} {area:.3f}", width=2.5 if index == 0 else 1.5)
