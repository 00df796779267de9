"""Draw charts of two axes: the frame, and what the model-quality and tuning sections put into it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report import svg
from pipelines.report.scales import Scale, tick_label

Point = tuple[float, float]

# The width of a letter and the height of a line in a chart, in its units: wide enough for any font.
_LETTER, _LINE = 7.0, 16


@dataclass(frozen=True)
class Plane:
    """A plot area with its axes.

    Attributes:
        label: What the chart says, for those who do not see it.
    """

    width: float
    height: float
    x: Scale
    y: Scale
    x_title: str
    y_title: str
    label: str
    x_ticks: Sequence[float] | None = None
    y_ticks: Sequence[float] | None = None
    as_percent: str = ""

    @classmethod
    def unit(cls, x_title: str, y_title: str, label: str, *, x_high: float = 1.0, y_high: float = 1.0) -> "Plane":
        """Return a plane of two shares."""
        x, y = Scale(0, x_high, 46, 402), Scale(0, y_high, 286, 28)
        return cls(424, 334, x, y, x_title, y_title, label, as_percent="xy")

    def at(self, point: Point) -> Point:
        """Return the position of a pair of values."""
        return self.x(point[0]), self.y(point[1])

    def line(self, points: Sequence[Point], class_: str = "line") -> Markup:
        """Return a line through values."""
        return svg.path([self.at(point) for point in points], class_)

    def dot(self, point: Point, title: str, *, class_: str = "dot", radius: float = 4.5) -> Markup:
        """Return a dot; its title shows on hovering."""
        x, y = self.at(point)
        return svg.element("circle", svg.element("title", title), cx=x, cy=y, r=radius, class_=class_)

    def note(self, point: Point, *lines: str, class_: str = "note", dx: float = 8, dy: float = 4) -> Markup:
        """Return lines of words beside a point, moved left as far as the chart's edge asks for."""
        x, y = self.at(point)
        room = max(_LETTER * len(line) for line in lines)
        left = max(min(x + dx, self.x.end - room), self.x.start + 4)
        return svg.element("g", *(svg.text(line, left, y + dy + i * _LINE, class_) for i, line in enumerate(lines)))

    def draw(self, *marks: Markup) -> Markup:
        """Return the chart: axes below, marks above."""
        return svg.image(self.width, self.height, self.label, *self._axes(), *marks)

    def _axes(self) -> list[Markup]:
        xs, ys = list(self.x_ticks or self.x.ticks()), list(self.y_ticks or self.y.ticks())
        left, right, bottom = self.x.start, self.x.end, self.y.start
        parts = []
        for tick in ys:
            y = self.y(tick)
            parts.append(svg.element("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
            parts.append(svg.text(self._tick("y", tick, ys), left - 6, y + 4, text_anchor="end"))
        for tick in xs:
            x = self.x(tick)
            parts.append(svg.element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis"))
            parts.append(svg.text(self._tick("x", tick, xs), x, bottom + 17, text_anchor="middle"))
        parts.append(svg.element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
        parts.append(svg.text(self.x_title, right, bottom + 36, "axis-title", text_anchor="end"))
        parts.append(svg.text(self.y_title, 2, 12, "axis-title"))
        return parts

    def _tick(self, axis: str, value: float, values: Sequence[float]) -> str:
        scale = self.x if axis == "x" else self.y
        if scale.logarithmic:
            return f"{value:g}"
        if axis in self.as_percent:
            return tick_label(100 * value, [100 * v for v in values]) + "\N{NO-BREAK SPACE}%"
        return tick_label(value, values)


def interval_bar(plane: Plane, x: float, low: float, high: float) -> Markup:
    """Return a vertical interval."""
    at = plane.x(x)
    return svg.element("line", x1=at, x2=at, y1=plane.y(low), y2=plane.y(high), class_="interval")
