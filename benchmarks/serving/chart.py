"""Draw a run as horizontal bars: how many times the managed stack's rate each stack reaches, in every cell."""

import math
from xml.sax.saxutils import escape

from benchmarks.serving.rounds import CELLS, MANAGED, OWN, Run

_INK, _MUTED, _OWN, _OTHER = "#1f2933", "#65727f", "#1565c0", "#9aa5b1"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LEFT, _RIGHT, _TOP, _BAR, _GAP, _WIDTH = 330, 110, 64, 20, 40, 860


def draw(run: Run) -> str:
    """An SVG on a logarithmic axis; numbers stand at the bars."""
    rates = {
        (cell.name, stack.name): run.ratio(stack.name, MANAGED, cell, "requests_per_second")
        for cell in CELLS
        for stack in run.stacks
    }
    known = [rate for rate in rates.values() if rate > 0]
    low, high = min([0.5, *known]), max([2.0, *known])
    parts, y = [], _TOP
    for cell in CELLS:
        parts.append(_text(16, y + 4, cell.name, "600"))
        for stack in run.stacks:
            y += _BAR + 6
            rate = rates[cell.name, stack.name]
            ends = _x(1.0, low, high), _x(rate, low, high)
            parts.append(_bar(stack.label, rate, y - _BAR + 8, ends, is_own=stack.name == OWN))
        y += _GAP
    base = _x(1.0, low, high)
    line = (
        f'<line x1="{base:.1f}" x2="{base:.1f}" y1="{_TOP - 8}" y2="{y - _GAP + 12}" stroke="{_INK}" stroke-width="1"/>'
    )
    title = _text(16, 26, "Requests per second, times the managed image's stack", "600", size=16)
    note = _text(
        16,
        44,
        "same machine, same run, median of alternated rounds; logarithmic, from the managed stack's rate at the line",
        "400",
        size=12,
        colour=_MUTED,
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" role="img" '
        f'aria-label="Serving speed" font-family="{_FONT}"><rect width="100%" height="100%" fill="#ffffff"/>'
        f"{title}{note}{''.join(parts)}{line}</svg>\n"
    )


def _x(rate: float, low: float, high: float) -> float:
    if not rate > 0:
        return _LEFT
    share = math.log(rate / low) / math.log(high / low)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _bar(label: str, rate: float, y: float, ends: tuple[float, float], *, is_own: bool) -> str:
    """From the managed stack's rate to this one's: to the right where it is faster."""
    colour = _OWN if is_own else _OTHER
    value = f"{rate:.1f} \u00d7" if rate < 10 else f"{rate:.0f} \u00d7"  # noqa: PLR2004 - a decimal below ten
    width = max(abs(ends[1] - ends[0]), 1)
    return (
        _text(28, y + 14, label, "400", size=12, colour=_MUTED)
        + f'<rect x="{min(ends):.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}" rx="2"/>'
        + _text(max(ends) + 8, y + 14, value, "600" if is_own else "400", size=12)
    )


def _text(x: float, y: float, content: str, weight: str, *, size: int = 13, colour: str = _INK) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(content)}</text>'
