"""What hourly looking does to tests that were made for one look: the picture of docs/explanation/ab-testing.md."""

from pathlib import Path

import numpy as np
from scipy.stats import norm, t

from benchmarks.experiment.real_days import Days, draw
from processing.charts import BLUE, GREY, ORANGE, RED, Axis, Chart, percent
from processing.experiment.day_sequence import confidence_sequence
from processing.experiment.plan import Plan

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "ab-testing-looks.svg"
REQUESTS, DAYS_ONCE, ALWAYS = "t-test over requests", "t-test over days", "always-valid over days"


def wrong_by_day(days: Days, plan: Plan, experiments: int, *, seed: int = 3) -> dict[str, np.ndarray]:
    """Share of A/A experiments that were called different at any look up to each day, by kind of test."""
    drawn = draw(days, experiments, plan.maximum_days, np.random.default_rng(seed))
    n, x, xx = (np.cumsum(a.reshape(experiments, -1), axis=1) for a in (drawn.n, drawn.x, drawn.xx))
    mean = np.divide(x, n, out=np.zeros_like(x), where=n > 1)
    error = np.sqrt(np.maximum(np.divide(xx, n, out=np.ones_like(x), where=n > 1) - mean**2, 1e-12) / np.maximum(n, 1))
    per_request = (np.abs(mean / error) > norm.ppf(1 - plan.alpha / 2)) & (n >= 100)  # noqa: PLR2004 - a normal mean
    sizes, sums = drawn.n.sum(axis=2), drawn.x.sum(axis=2)
    sequence = confidence_sequence(sums, sizes, alpha=plan.quality_alpha, mixture=plan.mixture)
    found = {
        REQUESTS: per_request.reshape(experiments, -1, 24).any(axis=2),
        DAYS_ONCE: _t_tests(sums / sizes, plan.alpha),
        ALWAYS: (sequence.lower > 0) | (sequence.upper < 0),
    }
    return {name: np.logical_or.accumulate(wrong, axis=1).mean(axis=0) for name, wrong in found.items()}


def picture(days: Days, plan: Plan, experiments: int) -> str:
    """The SVG."""
    curves = wrong_by_day(days, plan, experiments)
    length = plan.maximum_days
    chart = Chart(
        "Two equal models, looked at every hour",
        Axis("Days", 0, length, tuple(range(0, length + 1, 7)), "{:.0f}".format),
        Axis.over("Experiments that found a difference", 0, 1, percent),
        f"{experiments:,} simulated experiments on real days of flights; every difference found is an error",
        width=760,
    )
    for name, colour, below in ((REQUESTS, RED, 22), (DAYS_ONCE, ORANGE, -12), (ALWAYS, BLUE, -20)):
        points = [(0.0, 0.0), *((day, float(value)) for day, value in enumerate(curves[name], start=1))]
        chart.line(points, colour)
        words = f"{name}: {100 * curves[name][-1]:.1f} %"
        chart.text(points[-1], words, anchor="end", dy=below, dx=-6, colour=colour, weight=600)
    chart.line([(0, plan.alpha), (length, plan.alpha)], GREY, dash="5 4")
    chart.text((0, plan.alpha), f"promised: at most {percent(plan.alpha)}", dx=250, dy=-7, colour=GREY)
    return chart.render(grid="y")


def _t_tests(means: np.ndarray, alpha: float) -> np.ndarray:
    count = np.arange(1, means.shape[1] + 1)
    total, squares = np.cumsum(means, axis=1), np.cumsum(means**2, axis=1)
    variance = np.maximum(squares - total**2 / count, 1e-18) / np.maximum(count - 1, 1)
    statistic = np.abs(total) / np.sqrt(count * variance)
    return (statistic > t.ppf(1 - alpha / 2, np.maximum(count - 1, 1))) & (count >= 2)  # noqa: PLR2004 - a variance
