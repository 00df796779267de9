"""Write `report.html`: the verdict, the timeline, what noticed each fault, the retraining, what was a false alarm."""

from pathlib import Path
from typing import Any

from pipelines.demo_drift.scenarios import TITLES
from pipelines.demo_drift.story import Story
from pipelines.demo_drift.timeline import Timeline
from pipelines.report.templating import environment_of, styles_of


def write_page(folder: Path, summary: dict[str, Any], story: Story) -> Path:
    """Write the page into a folder and return its path."""
    page = folder / "report.html"
    text = (
        environment_of("pipelines.demo_drift")
        .get_template("drift.html.j2")
        .render(
            summary=summary,
            timeline=Timeline(story).draw(),
            titles=TITLES,
            style=styles_of("pipelines.report", "pipelines.demo_drift"),
        )
    )
    page.write_text(text, encoding="utf-8")
    return page
