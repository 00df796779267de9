import json
import math
import random
import re
import xml.etree.ElementTree as ET

import pytest

from pipelines.errors import UsageError
from pipelines.report import write_report
from pipelines.report.__main__ import main
from pipelines.report.documents import FILES
from pipelines.report.page import SECTIONS

VARIANTS = ("registered", "cached", "rejected", "failed", "champion")
ALL = [anchor for anchor, *_ in SECTIONS]


@pytest.mark.parametrize("variant", VARIANTS)
def test_page_is_well_formed_and_small(variant, run_folder, report):
    page = report(run_folder(variant))

    assert page.faults == []
    assert len(page.markup.encode()) < 500_000
    assert "cannot be drawn" not in page.text


@pytest.mark.parametrize("variant", VARIANTS)
def test_page_loads_nothing(variant, run_folder, report):
    page = report(run_folder(variant))

    loaded = [attrs for tag, attrs in page.tags if tag in ("script", "img", "iframe", "object", "embed", "audio")]
    links = [attrs["href"] for _, attrs in page.tags if "href" in attrs]
    assert loaded == []
    assert [link for link in links if ":" in link] == ["data:,"]
    assert not re.search(r"@import|url\(|https?://", page.markup)


def test_page_of_a_whole_run_has_every_section(run_folder, report):
    assert report(run_folder()).sections == [*ALL, "next"]


def test_every_chart_is_xml_and_speaks(run_folder, report):
    charts = re.findall(r"<svg.*?</svg>", report(run_folder()).markup, re.DOTALL)

    roots = [ET.fromstring(chart) for chart in charts]
    assert len(roots) > 30
    assert all(root.get("aria-label") or root.get("aria-hidden") == "true" for root in roots)


NO_NUMBER = re.compile(r'\b(x|y|x1|x2|y1|y2|cx|cy|r|width|height)="-?(nan|inf|None)|[ML ]-?(nan|inf)[ "L]')


def test_no_chart_holds_a_number_that_is_none(run_folder, report):
    assert not re.search(NO_NUMBER, report(run_folder()).markup)


@pytest.mark.parametrize("name", FILES)
def test_page_without_one_file_says_what_is_missing(name, run_folder, report):
    folder = run_folder()
    (folder / FILES[name]).unlink(missing_ok=True)

    page = report(folder)

    assert page.faults == []
    assert "cannot be drawn" not in page.text
    needed = {"evaluation": "evaluation/evaluation.json", "tuning": "tuning.json", "data": "data_report.json"}
    if name in needed:
        assert f"There is no {needed[name]} in the run folder." in page.text


@pytest.mark.parametrize("name", FILES)
def test_page_survives_a_file_that_is_cut_off(name, run_folder, report):
    folder = run_folder()
    file = folder / FILES[name]
    file.write_text('{"status": "Succ')

    assert report(folder).faults == []


def test_page_of_an_empty_folder_says_so(tmp_path, report):
    page = report(tmp_path)

    assert "This run left no result." in page.text
    assert page.faults == []


def test_report_of_no_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no run folder"):
        write_report(tmp_path / "nowhere")


def test_command_line_prints_the_page_it_wrote(run_folder, capsys):
    folder = run_folder()

    assert main([str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"
    assert main([str(folder / "nowhere")]) == 2


HOSTILE = """</svg></style><script>alert(1)</script><img src=x onerror=alert(1)>"'&{{ 7*7 }}]]>"""


def poison(value):
    """Put the hostile text into every text of a document, and into every key."""
    if isinstance(value, dict):
        return {key: poison(item) for key, item in value.items()} | {HOSTILE: HOSTILE}
    if isinstance(value, list):
        return [poison(item) for item in value]
    known = value in ("Succeeded", "Failed", "Tuning", "Completed") or (isinstance(value, str) and value[:4] == "2026")
    return value + HOSTILE if isinstance(value, str) and not known else value


@pytest.mark.parametrize("variant", VARIANTS)
def test_hostile_texts_stay_texts(variant, run_folder, report):
    folder = run_folder(variant)
    for file in folder.rglob("*.json"):
        file.write_text(json.dumps(poison(json.loads(file.read_text()))))

    page = report(folder)

    assert page.faults == []
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert HOSTILE in "".join(page.words)
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]


def test_plot_names_cannot_leave_the_folder(run_folder, report):
    folder = run_folder()
    plots = folder / "evaluation" / "plots"
    plots.mkdir()
    (plots / 'a"><script>.svg').write_text("<svg/>")

    page = report(folder)

    assert "script" not in {tag for tag, _ in page.tags}
    assert "evaluation/plots/a%22%3E%3Cscript%3E.svg" in page.markup


ODD = (
    None,
    True,
    -1,
    0,
    1e308,
    10**400,
    math.nan,
    math.inf,
    "",
    "x",
    "1e999",
    "2026-99-01",
    [],
    {},
    [1, None],
    {"a": []},
)


def holes(rng, value):
    """Replace parts of a document by what does not belong there."""
    if rng.random() < 0.08:
        return rng.choice(ODD)
    if isinstance(value, dict):
        return {key: holes(rng, item) for key, item in value.items()}
    return [holes(rng, item) for item in value[:12]] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(12))
def test_no_document_makes_the_page_fail(seed, run_folder, report):
    folder, rng = run_folder(), random.Random(seed)
    for file in sorted(folder.rglob("*.json")):
        file.write_text(json.dumps(holes(rng, json.loads(file.read_text()))))

    page = report(folder)

    assert page.faults == []
    assert not re.search(NO_NUMBER, page.markup)
