"""Draw the charts inside table rows: positions in per cent of the cell, so that they fit any width."""

from collections.abc import Sequence

from markupsafe import Markup

from pipelines.report import svg
from pipelines.report.scales import Scale

_THIN = 0.35


def span(scale: Scale, start: float, end: float, *, class_: str, title: str, grid: Sequence[float] = ()) -> Markup:
    """Return a row of a time chart: grid lines and one bar; a bar too short to see keeps a hair's width."""
    left = min(scale(start), 100 - _THIN)
    width = max(scale(end) - left, _THIN)
    bar = svg.element(
        "rect",
        svg.element("title", title),
        x=f"{left:.2f}%",
        width=f"{width:.2f}%",
        y=3,
        height=12,
        rx=2,
        class_=class_,
    )
    return svg.strip(*_grid(scale, grid), bar)


def interval(
    scale: Scale, value: float | None, low: float | None, high: float | None, *, reference: float | None, title: str
) -> Markup:
    """Return a dot with its interval against a dashed reference line; arrows of the interval end at the cell."""
    parts = []
    if reference is not None:
        at = f"{scale(reference):.2f}%"
        parts.append(svg.element("line", x1=at, x2=at, y1=0, y2="100%", class_="reference"))
    if low is not None and high is not None:
        parts.append(
            svg.element("line", x1=f"{scale(low):.2f}%", x2=f"{scale(high):.2f}%", y1=9, y2=9, class_="interval")
        )
    if value is not None:
        parts.append(
            svg.element("circle", svg.element("title", title), cx=f"{scale(value):.2f}%", cy=9, r=4.5, class_="dot")
        )
    return svg.strip(*parts)


def bar(share: float, *, class_: str = "bar") -> Markup:
    """Return a horizontal bar of a share of the cell."""
    return svg.strip(
        svg.element("rect", x=0, y=4, width=f"{100 * max(share, 0.004):.2f}%", height=10, rx=1, class_=class_)
    )


def _grid(scale: Scale, ticks: Sequence[float]) -> list[Markup]:
    at = [f"{scale(tick):.2f}%" for tick in ticks]
    return [svg.element("line", x1=x, x2=x, y1=0, y2="100%", class_="grid") for x in at]
