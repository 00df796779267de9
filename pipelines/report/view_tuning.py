"""Show the search: objective by trial, each hyperparameter against the objective, the best trials."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipelines.report import svg
from pipelines.report.charts_plane import Plane, Point
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.run_facts import ENDED, STARTED
from pipelines.report.scales import Scale, covering, ticks
from pipelines.report.wording import compact, number

_SHOWN = 5
# How many tick labels stand side by side below a wide and below a small chart.
_TRIAL_LABELS, _SMALL_LABELS = 16, 5
_QUARTILE_RANGES = 1.5


@dataclass(frozen=True)
class Trial:
    """A finished or failed trial, numbered in order of creation."""

    index: int
    name: str
    status: str
    objective: float | None
    values: dict[str, str]
    seconds: float | None

    @property
    def title(self) -> str:
        """What hovering over the trial says."""
        return f"trial {self.index}: {number(self.objective, 4)}"


@dataclass(frozen=True)
class Search:
    """The trials and what counts as better."""

    trials: tuple[Trial, ...]
    objective: str
    minimize: bool
    strategy: str
    scaling: dict[str, str]

    @property
    def scored(self) -> list[Trial]:
        """Trials with an objective."""
        return [trial for trial in self.trials if trial.objective is not None]

    @property
    def ranked(self) -> list[Trial]:
        """Trials with an objective, best first."""
        return sorted(self.scored, key=lambda trial: trial.objective or 0.0, reverse=not self.minimize)

    def visible(self) -> tuple[float, float]:
        """Return the range of objectives worth drawing: far worse ones would flatten all others."""
        values = sorted(trial.objective or 0.0 for trial in self.scored)
        low, high = values[len(values) // 4], values[(3 * len(values)) // 4]
        room = _QUARTILE_RANGES * (high - low) or abs(high) * 0.01 or 0.01
        return max(values[0], low - room), min(values[-1], high + room)


def tuning(run: RunFolder) -> dict[str, Any]:
    """Return charts and the table of the best trials."""
    search = _search(run.need("tuning"))
    if not search.scored:
        raise MissingPartError("No trial of the search reported its objective.")
    best = search.ranked[0]
    names = sorted({name for trial in search.scored for name in trial.values})
    varied = [name for name in names if len({trial.values.get(name) for trial in search.scored}) > 1]
    return {
        "search": search,
        "best": best,
        "failed": [trial for trial in search.trials if trial.status == "Failed"],
        "progress": _progress(search, best),
        "multiples": [chart for name in varied if (chart := _multiple(search, best, name))],
        "learning": _learning(run["curves"].rows("learning_curve"), best),
        "names": varied,
        "top": search.ranked[:_SHOWN],
        "gain": abs((search.ranked[0].objective or 0) - (search.ranked[len(search.ranked) // 2].objective or 0)),
    }


def _search(document: Document) -> Search:
    objective = document.at("objective")
    kind = objective.text(("type", "Type")) or document.text(("objective_type", "Type"))
    name = objective.text(("metric", "name", "MetricName")) or document.text("objective") or "objective"
    trials = tuple(_trial(i, row) for i, row in enumerate(document.rows(("trials", "TrainingJobSummaries")), start=1))
    minimize = kind == "Minimize" if kind else "loss" in name or "error" in name
    return Search(
        trials, name, minimize, document.text("strategy") or document.text("config", "Strategy"), _scaling(document)
    )


def _scaling(document: Document) -> dict[str, str]:
    """Return how each hyperparameter's range was searched: Linear or Logarithmic."""
    kinds = ("ContinuousParameterRanges", "IntegerParameterRanges")
    ranges = [row for kind in kinds for row in document.rows("config", "ParameterRanges", kind)]
    return {row.text("Name"): kind for row in ranges if (kind := row.text("ScalingType")) in ("Linear", "Logarithmic")}


def _trial(index: int, row: Document) -> Trial:
    start, end = row.moment(STARTED), row.moment(ENDED)
    told = row.at(("hyperparameters", "TunedHyperParameters"))
    values = {name: value.text().strip('"') for name, value in told.items()}
    seconds = (end - start).total_seconds() if start and end else row.number("seconds")
    name, status = row.text(("name", "TrainingJobName")), row.text(("status", "TrainingJobStatus"))
    return Trial(index, name, status, row.number(("objective", "FinalObjective")), values, seconds)


def _progress(search: Search, best: Trial) -> Markup:
    low, high = search.visible()
    trials = len(search.trials)
    plane = Plane(
        width=860,
        height=320,
        x=Scale(0.4, trials + 0.6, 56, 846),
        y=covering([low, high], 272, 28, margin=0.14),
        x_title="trial, in order of start",
        y_title=search.objective,
        label=f"{search.objective} of {len(search.scored)} trials; the best is {best.title}",
        x_ticks=_trial_ticks(trials),
    )
    dots = [_dot(plane, trial, trial.index, (low, high), best) for trial in search.scored]
    words = f"best: trial {best.index}, {number(best.objective, 4)}"
    at = (best.index, best.objective or 0.0)
    note = plane.note(at, words, class_="note strong", dx=-60, dy=24 if search.minimize else -14)
    return plane.draw(plane.line(_stairs(search), "line soft"), *dots, note)


def _stairs(search: Search) -> list[Point]:
    """Return the best objective so far as steps from trial to trial."""
    better = min if search.minimize else max
    points: list[Point] = []
    for trial in search.scored:
        value = trial.objective or 0.0
        record = better(value, points[-1][1]) if points else value
        points += [(trial.index, points[-1][1] if points else record), (trial.index, record)]
    return [*points, (len(search.trials) + 0.6, points[-1][1])]


def _multiple(search: Search, best: Trial, name: str) -> Markup | None:
    pairs = [
        (trial, value) for trial in search.scored if (value := Document(trial.values.get(name)).number()) is not None
    ]
    if len(pairs) < 2:  # noqa: PLR2004  one point shows no relation
        return None
    low, high = search.visible()
    scaling = search.scaling.get(name)
    x = covering(
        [value for _, value in pairs], 44, 224, logarithmic=None if scaling is None else scaling == "Logarithmic"
    )
    plane = Plane(
        width=236,
        height=176,
        x=x,
        y=covering([low, high], 144, 28, margin=0.14),
        x_title="",
        y_title=name,
        label=f"{search.objective} against {name}",
        x_ticks=_few(x.ticks(3)),
        y_ticks=ticks(low, high, 3),
    )
    best_last = sorted(pairs, key=lambda pair: pair[0] is best)
    return plane.draw(*(_dot(plane, trial, value, (low, high), best) for trial, value in best_last))


def _learning(rows: list[Document], best: Trial) -> Markup | None:
    """Return the log loss of the best trial by boosting round."""
    curves = {
        name: [
            (x, y)
            for row in rows
            if (x := row.number("iteration")) is not None and (y := row.number(f"{key}-logloss")) is not None
        ]
        for key, name in (("train", "training months"), ("validation", "validation months"))
    }
    shown = {name: points for name, points in curves.items() if len(points) > 1}
    if not shown:
        return None
    values = [y for points in shown.values() for _, y in points]
    last = max(points[-1][0] for points in shown.values())
    plane = Plane(
        width=860,
        height=290,
        x=Scale(0, last, 56, 846),
        y=covering(values, 242, 28),
        x_title="boosting round",
        y_title="log loss",
        label=f"Log loss of trial {best.index} by boosting round",
    )
    lines = [plane.line(points, "line" if "validation" in name else "line soft") for name, points in shown.items()]
    notes = [
        plane.note((last, points[-1][1]), name, dx=0, dy=-8, class_="note" if "validation" in name else "note quiet")
        for name, points in shown.items()
    ]
    return plane.draw(*lines, *notes)


def _dot(plane: Plane, trial: Trial, x: float, visible: tuple[float, float], best: Trial) -> Markup:
    value = trial.objective or 0.0
    if visible[0] <= value <= visible[1]:
        is_best = trial is best
        return plane.dot((x, value), trial.title, class_="dot best" if is_best else "dot", radius=6 if is_best else 4)
    px, up = plane.x(x), value > visible[1]
    y, tip = (plane.y.end + 2, -8) if up else (plane.y.start - 2, 8)
    shape = f"M{px - 5:.1f} {y:.1f}L{px + 5:.1f} {y:.1f}L{px:.1f} {y + tip:.1f}Z"
    return svg.element("path", svg.element("title", f"{trial.title} (off the scale)"), d=shape, class_="dot off-scale")


def _trial_ticks(count: int) -> list[float]:
    step = next((step for step in (1, 2, 5, 10, 20, 50) if count / step <= _TRIAL_LABELS), 100)
    return [1.0, *[float(i) for i in range(step, count + 1, step) if i > 1]]


def _few(values: list[float]) -> list[float]:
    return values if len(values) <= _SMALL_LABELS else values[::2]


def setting(value: str | None) -> str:
    """Write a hyperparameter as in a table: numbers short, words as they are."""
    told = Document(value)
    return compact(told.number()) if told.number() is not None else told.text()
