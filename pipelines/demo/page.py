"""Draw the demonstration: each release's ending, its traffic over time, and the judge's looks."""

import itertools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipelines.demo.release import Story
from pipelines.report.charts_plane import Plane, interval_bar
from pipelines.report.scales import Scale, covering
from pipelines.report.templating import environment_of, styles_of

_WIDTH, _HEIGHT = 620, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 600, 28, 250


def write_page(folder: Path, summary: dict[str, Any], stories: Sequence[Story]) -> Path:
    """Write `report.html` into a folder and return its path."""
    environment = environment_of("pipelines.demo")
    scenes = [
        {"told": told, "weights": weights_chart(story), "looks": looks_chart(story), "picture": _picture(story)}
        for told, story in zip(summary["scenarios"], stories, strict=True)
    ]
    page = folder / "report.html"
    text = environment.get_template("demo.html.j2").render(
        summary=summary, scenes=scenes, style=styles_of("pipelines.report")
    )
    page.write_text(text, encoding="utf-8")
    return page


def weights_chart(story: Story) -> Markup | None:
    """Return the challenger's share of the traffic over the days of the experiment."""
    if len(story.weights) < 2:  # noqa: PLR2004 - one point is no line
        return None
    start = story.weights[0][0]
    points = [(_days(start, when), _share(champion, challenger)) for when, champion, challenger in story.weights]
    stairs = [points[0]]
    for before, after in itertools.pairwise(points):
        stairs += [(after[0], before[1]), after]
    x = Scale(0, max(points[-1][0], 1.0), _LEFT, _RIGHT)
    label = f"The challenger's share of requests over {points[-1][0]:.0f} days"
    plane = Plane(
        _WIDTH, _HEIGHT, x, Scale(0, 1, _BOTTOM, _TOP), "days of the experiment", "challenger's share of requests",
        label, as_percent="y",
    )  # fmt: skip
    return plane.draw(plane.line(stairs))


def looks_chart(story: Story) -> Markup | None:
    """Return the confidence sequence of the difference in log loss, look by look."""
    looks = [(index + 1, _difference(verdict)) for index, verdict in enumerate(story.verdicts)]
    shown = [(look, told) for look, told in looks if told]
    if not shown:
        return None
    values = [value for _, told in shown for value in (told["lower"], told["upper"])]
    # The first looks know next to nothing: their intervals would flatten all others.
    last = shown[-1][1]
    far = 4 * max(abs(last["lower"]), abs(last["upper"]), 0.01)
    low, high = max(min(values), -far), min(max(values), far)
    y = covering([low, high, 0.0], _BOTTOM, _TOP)
    x = Scale(0.5, max(look for look, _ in shown) + 0.5, _LEFT, _RIGHT)
    plane = Plane(
        _WIDTH, _HEIGHT, x, y, "look", "challenger's log loss minus champion's",
        "Confidence sequence of the difference in log loss: below zero the challenger is better",
        x_ticks=[float(look) for look, _ in shown],
    )  # fmt: skip
    marks = [plane.line([(x.low, 0.0), (x.high, 0.0)], "reference")]
    for look, told in shown:
        marks.append(interval_bar(plane, look, max(told["lower"], y.low), min(told["upper"], y.high)))
        if y.low <= told["value"] <= y.high:
            marks.append(plane.dot((look, told["value"]), f"look {look}: {told['value']:+.4f}"))
    return plane.draw(*marks)


def _difference(verdict: dict[str, Any]) -> dict[str, float]:
    told = verdict.get("quality") or {}
    names = {"value": "estimate", "lower": "lower", "upper": "upper"}
    is_known = all(told.get(field) is not None for field in names.values())
    return {name: float(told[field]) for name, field in names.items()} if is_known else {}


def _picture(story: Story) -> Markup | None:
    return Markup(story.picture[story.picture.index("<svg") :]) if "<svg" in story.picture else None  # noqa: S704 - made by our own judge


def _days(start: datetime, moment: datetime) -> float:
    return (moment - start).total_seconds() / 86_400


def _share(champion: float, challenger: float) -> float:
    return challenger / (champion + challenger) if champion + challenger else 0.0
