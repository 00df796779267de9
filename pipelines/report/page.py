"""Assemble the sections into the page and write it."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from pipelines.errors import UsageError
from pipelines.report import (
    view_compare,
    view_data,
    view_features,
    view_lineage,
    view_pipeline,
    view_quality,
    view_slices,
    view_timeline,
    view_tuning,
    wording,
)
from pipelines.report.documents import MissingPartError, RunFolder
from pipelines.report.templating import environment_of, styles_of
from pipelines.report.verdict import judge

View = Callable[[RunFolder], Mapping[str, Any]]

# Anchor, word in the list of contents, heading, and who makes the content for the template sections/<anchor>.html.j2.
SECTIONS: tuple[tuple[str, str, str, View], ...] = (
    ("pipeline", "Steps", "What ran", view_pipeline.pipeline),
    ("timeline", "Time", "Where the time went", view_timeline.timeline),
    ("quality", "Quality", "How good the model is", view_quality.quality),
    ("comparison", "Comparison", "Better than what?", view_compare.comparison),
    ("slices", "Slices", "Who gets better or worse predictions", view_slices.slices),
    ("features", "Features", "What the model looks at", view_features.features),
    ("tuning", "Tuning", "The search for hyperparameters", view_tuning.tuning),
    ("data", "Data", "The data", view_data.data),
    ("limits", "Limits", "What these figures do not say", view_lineage.limits),
    ("lineage", "Lineage", "Where it all comes from", view_lineage.lineage),
)


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run folder and return its path.

    Raises:
        UsageError: There is no such folder.
    """
    folder = Path(run_folder)
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: there is no run folder to report on", hint="`make run` makes one: .local/runs/latest"
        )
    page = folder / "report.html"
    page.write_text(render(RunFolder.load(folder)), encoding="utf-8")
    return page


def render(run: RunFolder) -> str:
    """Return the page of a run."""
    environment = _environment()
    style = styles_of("pipelines.report")
    sections = [_section(environment, run, section) for section in SECTIONS]
    return environment.get_template("report.html.j2").render(verdict=judge(run), sections=sections, style=style)


@cache
def _environment() -> Environment:
    """Return the templates with their filters; compiling them costs most of a page's time, so once a process."""
    environment = environment_of("pipelines.report")
    words = (wording.number, wording.signed, wording.percent, wording.count, wording.compact, wording.duration)
    environment.filters |= {word.__name__: word for word in (*words, wording.humps, wording.coded, view_tuning.setting)}
    return environment


def _section(environment: Environment, run: RunFolder, section: tuple[str, str, str, View]) -> dict[str, Any]:
    anchor, word, heading, view = section
    made = {"anchor": anchor, "word": word, "heading": heading, "missing": "", "body": ""}
    try:
        body = environment.get_template(f"sections/{anchor}.html.j2").render(view(run))
        return made | {"body": Markup(body)}  # noqa: S704  autoescaped a line above
    except MissingPartError as error:
        return made | {"missing": str(error)}
    except Exception as error:  # noqa: BLE001  a section that cannot be drawn must not take the page with it
        why = f"This part cannot be drawn from the files of the run ({type(error).__name__}: {error})."
        return made | {"missing": why}
