import json
import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def test_no_chart_holds_a_number_that_is_none(run_folder, report):
    assert not re.search(r'="(nan|inf|None)|[ML]nan', report(run_folder()).markup)


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


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("Succeeded")
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def holes(draw, value):
    """Replace parts of a document by anything at all."""
    if draw(st.integers(0, 11)) == 0:
        return draw(ANYTHING)
    if isinstance(value, dict):
        return {key: holes(draw, item) for key, item in value.items()}
    if isinstance(value, list):
        return [holes(draw, item) for item in value[:4]]
    return value


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_document_makes_the_page_fail(data, tmp_path, synthetic, report):
    folder = tmp_path / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    synthetic.make_run(folder)
    for file in folder.rglob("*.json"):
        document = json.loads(file.read_text())
        file.write_text(json.dumps(data.draw(st.composite(lambda draw: holes(draw, document))())))

    page = report(folder)

    assert page.faults == []
    assert not re.search(r'="(nan|inf|None)', page.markup)
