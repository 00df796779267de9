"""Show the search: objective by trial, each hyperparameter against the objective, the best trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipelines.report import svg
from pipelines.report.charts_plane import Plane
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.scales import Scale, covering
from pipelines.report.wording import compact, number

_SHOWN = 5
_QUARTILE_RANGES = 2.5


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
        "names": varied,
        "top": search.ranked[:_SHOWN],
        "gain": abs((search.ranked[0].objective or 0) - (search.ranked[len(search.ranked) // 2].objective or 0)),
    }


def _search(document: Document) -> Search:
    objective = document.at("objective")
    kind = objective.text(("type", "Type")) or document.text(("objective_type", "Type"))
    name = objective.text(("name", "MetricName")) or document.text("objective") or "objective"
    trials = tuple(_trial(i, row) for i, row in enumerate(document.rows(("trials", "TrainingJobSummaries")), start=1))
    minimize = kind == "Minimize" if kind else "loss" in name or "error" in name
    return Search(trials, name, minimize, document.text(("strategy", "Strategy")))


def _trial(index: int, row: Document) -> Trial:
    start, end = row.moment(("start", "TrainingStartTime")), row.moment(("end", "TrainingEndTime"))
    told = row.at(("hyperparameters", "TunedHyperParameters"))
    values = {name: value.text().strip('"') for name, value in told.items()}
    seconds = (end - start).total_seconds() if start and end else row.number("seconds")
    name, status = row.text(("name", "TrainingJobName")), row.text(("status", "TrainingJobStatus"))
    return Trial(index, name, status, row.number(("objective", "FinalObjective")), values, seconds)


def _progress(search: Search, best: Trial) -> Markup:
    low, high = search.visible()
    y = covering([low, high], 286, 28)
    plane = Plane(
        860, 334, Scale(0.4, len(search.trials) + 0.6, 56, 846), y, "trial, in order of start", search.objective,
        f"{search.objective} of {len(search.scored)} trials; the best is trial {best.index} with {number(best.objective, 4)}",
        x_ticks=_trial_ticks(len(search.trials)),
    )  # fmt: skip
    stairs: list[tuple[float, float]] = []
    record: float | None = None
    for trial in search.scored:
        value = trial.objective or 0.0
        record = value if record is None else (min if search.minimize else max)(record, value)
        stairs += [(trial.index, stairs[-1][1] if stairs else record), (trial.index, record)]
    stairs.append((len(search.trials) + 0.6, record or 0.0))
    dots = [_dot(plane, trial, trial.index, (low, high), best) for trial in search.scored]
    words = f"best: trial {best.index}, {number(best.objective, 4)}"
    below = search.minimize
    note = plane.note((best.index, best.objective or 0), words, class_="note strong", dx=0 if best.index == 1 else 8, dy=18 if below else -10)
    return plane.draw(plane.line(stairs, "line soft"), *dots, note)


def _multiple(search: Search, best: Trial, name: str) -> dict[str, Any] | None:
    pairs = [(trial, value) for trial in search.scored if (value := Document(trial.values.get(name)).number()) is not None]
    if len(pairs) < 2:  # noqa: PLR2004  one point shows no relation
        return None
    low, high = search.visible()
    x = covering([value for _, value in pairs], 52, 262)
    plane = Plane(276, 206, x, covering([low, high], 164, 26), "", name, f"{search.objective} against {name}", _few(x))
    dots = [_dot(plane, trial, value, (low, high), best) for trial, value in sorted(pairs, key=lambda pair: pair[0] is best)]
    return {"name": name, "chart": plane.draw(*dots)}


def _dot(plane: Plane, trial: Trial, x: float, visible: tuple[float, float], best: Trial) -> Markup:
    value = trial.objective or 0.0
    if visible[0] <= value <= visible[1]:
        return plane.dot((x, value), trial.title, class_="dot best" if trial is best else "dot", radius=6 if trial is best else 4.5)
    px, up = plane.x(x), value > visible[1]
    y, tip = (plane.y.end - 4, -7) if up else (plane.y.start + 2, 7)
    shape = f"M{px - 5:.1f} {y:.1f}L{px + 5:.1f} {y:.1f}L{px:.1f} {y + tip:.1f}Z"
    return svg.element("path", svg.element("title", f"{trial.title} (off the scale)"), d=shape, class_="dot off-scale")


def _trial_ticks(count: int) -> list[float]:
    step = next((step for step in (1, 2, 5, 10, 20, 50) if count / step <= 16), 100)  # noqa: PLR2004  labels side by side
    return [1.0, *[float(i) for i in range(step, count + 1, step) if i > 1]]


def _few(scale: Scale) -> Sequence[float]:
    ticks = scale.ticks(4)
    return ticks if len(ticks) <= 5 else ticks[::2]  # noqa: PLR2004  room for labels in a small chart


def show(value: str | None) -> str:
    """Write a hyperparameter as in a table: numbers short, words as they are."""
    told = Document(value)
    return compact(told.number()) if told.number() is not None else told.text()
