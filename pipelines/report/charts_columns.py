"""Draw columns by month with the spans of the data split above them."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report import svg
from pipelines.report.scales import Scale, ticks

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 270, 46, 852, 44, 236
_FOOT = 262


@dataclass(frozen=True)
class Column:
    """One month: its short name, value, the split it belongs to, and what hovering says."""

    name: str
    value: float
    group: str
    title: str


def columns(items: Sequence[Column], y_title: str, label: str) -> Markup:
    """Return the chart; neighbours of one group share a bracket with the group's name."""
    top = max((item.value for item in items), default=1.0) or 1.0
    marks = ticks(0, top * 1.08, 4)
    y = Scale(0, max(top * 1.12, marks[-1]), _BOTTOM, _TOP)
    step = (_RIGHT - _LEFT) / len(items)
    parts = [part for tick in marks for part in _line(y(tick), f"{100 * tick:g}\N{NO-BREAK SPACE}%")]
    for i, item in enumerate(items):
        left = _LEFT + i * step
        shape = svg.element(
            "rect", svg.element("title", item.title), x=left + step * 0.16, width=step * 0.68, y=y(item.value),
            height=_BOTTOM - y(item.value), class_=f"column {_class(item.group)}",
        )  # fmt: skip
        parts += [
            shape,
            svg.text(f"{100 * item.value:.1f}", left + step / 2, y(item.value) - 5, "value", text_anchor="middle"),
            svg.text(item.name, left + step / 2, _BOTTOM + 18, text_anchor="middle"),
        ]
    parts += [
        part for start, end, name in _groups(items) for part in _bracket(_LEFT + start * step, _LEFT + end * step, name)
    ]
    return svg.image(_WIDTH, _HEIGHT, label, svg.text(y_title, 2, 12, "axis-title"), *parts)


def _line(y: float, label: str) -> list[Markup]:
    return [
        svg.element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"),
        svg.text(label, _LEFT - 6, y + 4, text_anchor="end"),
    ]


def _bracket(left: float, right: float, name: str) -> list[Markup]:
    return [
        svg.element("line", x1=left + 6, x2=right - 6, y1=_FOOT, y2=_FOOT, class_=f"bracket {_class(name)}"),
        svg.text(name, (left + right) / 2, 30, "group", text_anchor="middle"),
    ]


def _groups(items: Sequence[Column]) -> list[tuple[int, int, str]]:
    groups: list[tuple[int, int, str]] = []
    for i, item in enumerate(items):
        if groups and groups[-1][2] == item.group:
            groups[-1] = (groups[-1][0], i + 1, item.group)
        else:
            groups.append((i, i + 1, item.group))
    return [group for group in groups if group[2]]


def _class(group: str) -> str:
    return f"split-{group}" if group in ("train", "validation", "test", "production") else "split-none"
