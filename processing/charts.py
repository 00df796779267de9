"""Draw charts as SVG text: axes, lines, bars, dots and labels, nothing more (the job image has no plotting library)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

INK, MUTED, GRID, PAPER = "#1f2933", "#65727f", "#e4e9ee", "#ffffff"
BLUE, ORANGE, GREEN, RED, GREY = "#1565c0", "#e07b00", "#2e7d32", "#c62828", "#9aa5b1"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One axis: its label, its range, its ticks and how a tick reads."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    form: Callable[[float], str] = "{:g}".format

    @classmethod
    def over(cls, label: str, low: float, high: float, form: Callable[[float], str] | None = None) -> "Axis":
        """An axis from low to high with about five round ticks."""
        ticks = round_ticks(low, high)
        return cls(label, low, high, ticks, form or _tick_form(ticks))


def round_ticks(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten within the range, about `count` of them."""
    if not high > low:
        return (low,)
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(index * step, 12) for index in range(first, last + 1))


def percent(value: float) -> str:
    """A share as a percentage, with decimals only where it needs them."""
    return f"{100 * value:.4g} %"


@dataclass
class Chart:
    """A picture under construction; draw in data coordinates, then `render`."""

    title: str
    x: Axis
    y: Axis
    subtitle: str = ""
    width: int = 640
    height: int = 440
    left: int = 72
    right: int = 24
    top: int = 72
    bottom: int = 62
    _marks: list[str] = field(default_factory=list)
    _legend: list[tuple[str, str, str]] = field(default_factory=list)

    def at_x(self, value: float) -> float:
        """Horizontal pixel of a value."""
        inner = self.width - self.left - self.right
        return self.left + inner * (value - self.x.low) / (self.x.high - self.x.low)

    def at_y(self, value: float) -> float:
        """Vertical pixel of a value."""
        inner = self.height - self.top - self.bottom
        return self.height - self.bottom - inner * (value - self.y.low) / (self.y.high - self.y.low)

    def line(
        self, points: Sequence[Point], colour: str, *, name: str = "", dash: str = "", width: float = 2.25
    ) -> None:
        """A polyline; with a name it stands in the legend."""
        path = " ".join(f"{self.at_x(x):.1f},{self.at_y(y):.1f}" for x, y in points)
        style = f' stroke-dasharray="{dash}"' if dash else ""
        self._marks.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            f'stroke-linejoin="round" stroke-linecap="round"{style}/>'
        )
        if name:
            self._legend.append((name, colour, dash))

    def area(self, points: Sequence[Point], colour: str, *, base: float = 0.0, opacity: float = 0.1) -> None:
        """The area between a line and a base."""
        outline = [(points[0][0], base), *points, (points[-1][0], base)]
        path = " ".join(f"{self.at_x(x):.1f},{self.at_y(y):.1f}" for x, y in outline)
        self._marks.append(f'<polygon points="{path}" fill="{colour}" fill-opacity="{opacity}"/>')

    def box(self, low: Point, high: Point, colour: str, *, opacity: float = 1.0, radius: float = 2) -> None:
        """A rectangle between two corners."""
        x, y = self.at_x(low[0]), self.at_y(high[1])
        width, height = max(self.at_x(high[0]) - x, 0.0), max(self.at_y(low[1]) - y, 0.0)
        self._marks.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}" '
            f'fill="{colour}" fill-opacity="{opacity:.3f}"/>'
        )

    def dot(self, point: Point, colour: str, *, radius: float = 4.5) -> None:
        """A dot with a white rim."""
        self._marks.append(
            f'<circle cx="{self.at_x(point[0]):.1f}" cy="{self.at_y(point[1]):.1f}" r="{radius}" '
            f'fill="{colour}" stroke="{PAPER}" stroke-width="1.5"/>'
        )

    def text(self, point: Point, words: str, **style: str | float) -> None:
        """Words at a point; `dx`, `dy` shift by pixels; `anchor`, `size`, `colour`, `weight` style them."""
        x = self.at_x(point[0]) + float(style.get("dx", 0))
        y = self.at_y(point[1]) + float(style.get("dy", 0))
        self._marks.append(_words(x, y, words, **{k: v for k, v in style.items() if k not in ("dx", "dy")}))

    def key(self, name: str, colour: str, dash: str = "") -> None:
        """A legend entry for something drawn without a name."""
        self._legend.append((name, colour, dash))

    def render(self, *, grid: str = "xy", legend: str = "bottom-right") -> str:
        """The SVG document."""
        label = escape(f"{self.title}. {self.subtitle}", {'"': "&quot;"})
        attributes = f'role="img" aria-label="{label}" font-family="{FONT}" font-size="13"'
        body = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" {attributes}>',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>',
            _words(24, 32, self.title, size=18, weight=600),
            _words(24, 53, self.subtitle, colour=MUTED) if self.subtitle else "",
            *self._axes(grid),
            *self._marks,
            *self._draw_legend(legend),
            "</svg>",
        ]
        return "\n".join(part for part in body if part) + "\n"

    def _axes(self, grid: str) -> list[str]:
        floor, ceiling, wall = self.height - self.bottom, self.top, self.width - self.right
        parts = []
        for tick in self.y.ticks:
            y = self.at_y(tick)
            if "y" in grid:
                parts.append(_stroke(self.left, y, wall, y, GRID))
            parts.append(_words(self.left - 9, y + 4.5, self.y.form(tick), anchor="end", colour=MUTED))
        for tick in self.x.ticks:
            x = self.at_x(tick)
            if "x" in grid:
                parts.append(_stroke(x, floor, x, ceiling, GRID))
            parts.append(_words(x, floor + 20, self.x.form(tick), anchor="middle", colour=MUTED))
        parts.append(_stroke(self.left, floor, wall, floor, GREY))
        parts.append(_words((self.left + wall) / 2, self.height - 16, self.x.label, anchor="middle"))
        if self.y.label:
            x, y = 20, (floor + ceiling) / 2
            turned = _words(0, 0, self.y.label, anchor="middle")
            parts.append(f'<g transform="translate({x},{y:.1f}) rotate(-90)">{turned}</g>')
        return parts

    def _draw_legend(self, place: str) -> list[str]:
        if not self._legend:
            return []
        width = 50 + 7.0 * max(len(name) for name, _, _ in self._legend)
        height = 12 + 21 * len(self._legend)
        left = self.left + 12 if "left" in place else self.width - self.right - width - 8
        top = self.top + 8 if "top" in place else self.height - self.bottom - height - 10
        place_and_size = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height}"'
        parts = [f'<rect {place_and_size} rx="6" fill="{PAPER}" fill-opacity="0.92" stroke="{GRID}"/>']
        for row, (name, colour, dash) in enumerate(self._legend):
            y = top + 17 + 21 * row
            parts.append(_stroke(left + 10, y, left + 34, y, colour, width=3, dash=dash))
            parts.append(_words(left + 42, y + 4.5, name))
        return parts


def _words(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str | float = "start",
    size: str | float = 13,
    colour: str | float = INK,
    weight: str | float = 400,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{escape(words)}</text>'
    )


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = "") -> str:
    style = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{style}/>'
    )


def _tick_form(ticks: tuple[float, ...]) -> Callable[[float], str]:
    """Just enough decimals to tell neighbouring ticks apart."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return lambda value: f"{value:,.{decimals}f}"
