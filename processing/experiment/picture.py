"""Draw a verdict: the confidence sequence day by day, and below it every guardrail against its tolerance."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from processing.charts import BLUE, FONT, GREEN, GREY, INK, MUTED, ORANGE, PAPER, RED, Axis, Chart

_WIDTH, _TOP, _ROW = 860, 400, 34
_COLOURS = {"ok": GREEN, "harm": RED, "not_measured": GREY}
_VERDICTS = {"promote": GREEN, "abandon": RED, "continue": BLUE}
_STRIP_LEFT, _STRIP_RIGHT = 170, 400
# The strip shows multiples of the tolerance.
_STRIP_LOW, _STRIP_HIGH = -1.0, 2.0
_LINE = 118


def draw(document: Mapping[str, Any]) -> str:
    """The SVG of a verdict document."""
    guardrails: Sequence[Mapping[str, Any]] = document["guardrails"]
    height = _TOP + 84 + _ROW * (len(guardrails) + 1) + 20
    label = escape(f"Verdict on {document['experiment']}: {document['verdict']}. {document['reason']}", {'"': "&quot;"})
    attributes = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}" font-family="{FONT}" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="{PAPER}"/>',
        _sequence(document).replace("<svg ", f'<svg x="0" y="0" width="{_WIDTH}" height="{_TOP}" ', 1),
        *_heading(document),
        *_strip(document, guardrails),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _sequence(document: Mapping[str, Any]) -> str:
    quality = document["quality"]
    days: Sequence[Mapping[str, Any]] = quality["sequence"]
    effect, margin = document["plan"]["minimum_effect"], document["plan"]["margin"]
    low, high = _range(days, effect, margin)
    last = max(len(days), 2)
    step = max(1, round(last / 12))
    axis = Axis("Closed days", 0.5, last + 0.5, tuple(range(1, last + 1, step)), "{:.0f}".format)
    chart = Chart(
        f"{document['experiment']}: {document['verdict']}",
        axis,
        Axis.over("Log loss, challenger minus champion", low, high),
        _subtitle(quality),
        width=_WIDTH,
        height=_TOP,
        left=84,
    )
    chart.line([(0.5, margin), (last + 0.5, margin)], INK, width=1.25, name="no difference" if not margin else "margin")
    chart.line([(0.5, -effect), (last + 0.5, -effect)], ORANGE, dash="5 4", width=1.5, name="planned improvement")
    if days:
        upper = [(place, _clip(day["upper"], low, high, high)) for place, day in enumerate(days, start=1)]
        lower = [(place, _clip(day["lower"], low, high, low)) for place, day in enumerate(days, start=1)]
        if len(days) > 1:
            chart.area([*upper, *reversed(lower)], BLUE, base=upper[0][1], opacity=0.16)
        else:
            chart.line([lower[0], upper[0]], BLUE, width=1.25)
        for line in (upper, lower):
            chart.line(line, BLUE, width=1)
        chart.key("estimate and always-valid interval", BLUE)
        points = [(place, _clip(day["estimate"], low, high, 0.0)) for place, day in enumerate(days, start=1)]
        chart.line(points, BLUE, width=2)
        for point in points:
            chart.dot(point, BLUE, radius=3.5)
    else:
        chart.text(((last + 1) / 2, (low + high) / 2), "no closed day has ground truth yet", anchor="middle", dy=-12)
    return chart.render(grid="y", legend="top-right")


def _subtitle(quality: Mapping[str, Any]) -> str:
    kind = "Paired: both models score every request" if quality["comparison"] == "paired" else "Split by variant"
    return f"{kind}; below zero the challenger is better; the interval may be looked at any time"


def _range(days: Sequence[Mapping[str, Any]], effect: float, margin: float) -> tuple[float, float]:
    """What the last intervals need; the first ones, which are huge, are cut off."""
    values = [0.0, margin, -effect * 1.3, effect * 0.8, *(day["estimate"] for day in days)]
    for day in days[len(days) // 2 :]:
        values.extend(day[end] for end in ("lower", "upper") if day[end] is not None)
    low, high = min(values), max(values)
    bound = 6 * max(effect, *(abs(day["estimate"]) for day in days[-1:]), 1e-9)
    low, high = max(low, -bound), min(high, bound)
    pad = 0.08 * (high - low) or 0.01
    # Above, there is room for the legend.
    return low - pad, high + 3.5 * pad


def _clip(value: float | None, low: float, high: float, unbounded: float) -> float:
    return unbounded if value is None else min(max(value, low), high)


def _heading(document: Mapping[str, Any]) -> list[str]:
    colour = _VERDICTS[document["verdict"]]
    lines = textwrap.wrap(f"Look {document['look']}: {document['reason']}", _LINE)
    shown = [*lines[:1], f"{lines[1]}{'…' if len(lines) > 2 else ''}"] if len(lines) > 1 else lines  # noqa: PLR2004 - two fit
    return [
        f'<rect x="24" y="{_TOP}" width="{_WIDTH - 48}" height="44" rx="6" fill="{colour}" fill-opacity="0.12"/>',
        *(_words(36, _TOP + 18 + 18 * row + (9 if len(shown) == 1 else 0), line) for row, line in enumerate(shown)),
        _words(24, _TOP + 68, "Guardrails: harm only when the whole interval is beyond the tolerance", colour=MUTED),
    ]


def _strip(document: Mapping[str, Any], guardrails: Sequence[Mapping[str, Any]]) -> list[str]:
    top = _TOP + 84
    floor = top + _ROW * len(guardrails)
    parts = []
    for at, name, colour in ((0.0, "0", GREY), (1.0, "tolerance", RED)):
        x = _strip_x(at)
        parts.append(_line(x, top - 4, x, floor, colour, dash="4 4"))
        parts.append(_words(x, floor + 16, name, anchor="middle", colour=MUTED, size=11))
    for row, guardrail in enumerate(guardrails):
        parts.extend(_guardrail(guardrail, top + _ROW * row + _ROW / 2))
    ratio = document["sample_ratio"]
    colour = RED if ratio["is_mismatch"] else GREEN if ratio["status"] == "ok" else GREY
    y = floor + 38
    parts.append(_words(24, y, "sample_ratio", weight=600))
    parts.append(f'<circle cx="{_STRIP_LEFT - 12}" cy="{y - 4}" r="5" fill="{colour}"/>')
    parts.append(_words(_STRIP_LEFT + 4, y, ratio["detail"], colour=MUTED, size=12))
    return parts


def _guardrail(guardrail: Mapping[str, Any], y: float) -> list[str]:
    colour = _COLOURS[guardrail["status"]]
    parts = [
        _words(24, y + 4.5, guardrail["name"], weight=600),
        f'<circle cx="{_STRIP_LEFT - 12}" cy="{y:.1f}" r="5" fill="{colour}"/>',
        _words(_STRIP_RIGHT + 22, y + 4.5, _numbers(guardrail), colour=MUTED, size=12),
    ]
    if guardrail["estimate"] is None:
        return parts
    tolerance = guardrail["tolerance"]
    low = _STRIP_LOW if guardrail["lower"] is None else guardrail["lower"] / tolerance
    high = _STRIP_HIGH if guardrail["upper"] is None else guardrail["upper"] / tolerance
    x = _strip_x(guardrail["estimate"] / tolerance)
    parts.append(_line(_strip_x(low), y, _strip_x(high), y, colour, width=2.5))
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" stroke="{PAPER}" stroke-width="1.5"/>')
    return parts


def _numbers(guardrail: Mapping[str, Any]) -> str:
    detail = guardrail["detail"]
    text = detail
    if guardrail["estimate"] is not None:
        ends = " to ".join("open" if guardrail[end] is None else f"{guardrail[end]:.3g}" for end in ("lower", "upper"))
        text = f"{guardrail['estimate']:.3g} ({ends}), allowed {guardrail['tolerance']:g}"
    return text if len(text) <= 66 else f"{text[:64]}…"  # noqa: PLR2004 - what fits the row


def _strip_x(value: float) -> float:
    inner = min(max(value, _STRIP_LOW), _STRIP_HIGH)
    return _STRIP_LEFT + (_STRIP_RIGHT - _STRIP_LEFT) * (inner - _STRIP_LOW) / (_STRIP_HIGH - _STRIP_LOW)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = "") -> str:
    style = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{style}/>'


def _words(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, colour: str = INK, weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{escape(words)}</text>'
    )
