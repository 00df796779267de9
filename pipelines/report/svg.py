"""Build escaped SVG elements: the only place where the report makes markup from values."""

from markupsafe import Markup, escape

Child = Markup | str


def element(name: str, *children: Child, **attributes: str | float | None) -> Markup:
    """Return an element. `class_` is written as class, `stroke_width` as stroke-width; None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>")  # noqa: S704  all parts are escaped above


def text(content: str, x: float | str, y: float | str, class_: str = "tick", **attributes: str | float) -> Markup:
    """Return a text element."""
    return element("text", content, x=x, y=y, class_=class_, **attributes)


def image(width: float, height: float, label: str, *children: Child) -> Markup:
    """Return a chart that scales with its column; `label` is read aloud in its place."""
    return element(
        "svg",
        *children,
        class_="chart",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
        aria_label=label,
    )


def strip(*children: Child, height: int = 18, label: str = "") -> Markup:
    """Return a chart of one table row: as wide as its cell, horizontal positions in per cent."""
    role: dict[str, str] = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    return element("svg", *children, class_="strip", width="100%", height=height, **role)


def path(points: list[tuple[float, float]], class_: str) -> Markup:
    """Return a polyline through the points."""
    steps = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    return element("path", d=steps, class_=class_)


def _value(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(escape(value))
