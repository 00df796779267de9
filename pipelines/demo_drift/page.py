"""Write `report.html`: the verdict, the timeline, what noticed each fault, the retraining, what was a false alarm."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import pipelines.report
from pipelines.demo_drift.scenarios import TITLES
from pipelines.demo_drift.story import Story
from pipelines.demo_drift.timeline import Timeline

_STYLE = Path("templates") / "style.css"


def write_page(folder: Path, summary: dict[str, Any], story: Story) -> Path:
    """Write the page into a folder and return its path."""
    environment = Environment(
        loader=PackageLoader("pipelines.demo_drift"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles = [Path(package).parent / _STYLE for package in (pipelines.report.__file__, __file__)]
    style = Markup("\n".join(path.read_text(encoding="utf-8") for path in styles))  # noqa: S704 - our own files
    page = folder / "report.html"
    text = environment.get_template("drift.html.j2").render(
        summary=summary, timeline=Timeline(story).draw(), titles=TITLES, style=style
    )
    page.write_text(text, encoding="utf-8")
    return page
