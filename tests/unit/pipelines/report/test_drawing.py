import doctest
import importlib
import xml.etree.ElementTree as ET

import pytest

from pipelines.report import svg
from pipelines.report.scales import Scale, clock_ticks, covering, tick_label, ticks
from pipelines.report.wording import duration


@pytest.mark.parametrize("name", ["wording", "scales", "view_quality", "view_slices"])
def test_examples_in_docstrings_hold(name):
    module = importlib.import_module(f"pipelines.report.{name}")

    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_values_become_text_in_svg():
    root = ET.fromstring(svg.element("text", "<&>", x=1.23456, fill='"', title_=None))

    assert root.text == "<&>"
    assert root.attrib == {"x": "1.23", "fill": '"'}


def test_ticks_are_round_and_inside():
    assert ticks(0.2483, 0.2561) == [0.25, 0.252, 0.254, 0.256]
    assert ticks(3, 3) == [3]
    assert [tick_label(tick, ticks(0, 1)) for tick in ticks(0, 1)] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]


def test_time_ticks_are_those_of_a_clock():
    assert clock_ticks(187) == [0, 60, 120, 180]
    assert clock_ticks(4.2) == [0, 1, 2, 3, 4]


def test_scale_is_logarithmic_where_values_span_far_or_as_told():
    assert covering([0.03, 0.3], 0, 100).logarithmic
    assert not covering([0.6, 1.0], 0, 100).logarithmic
    assert not covering([0.03, 0.3], 0, 100, logarithmic=False).logarithmic
    assert not covering([0.0, 2.0], 0, 100, logarithmic=True).logarithmic


def test_scale_keeps_what_lies_outside_at_its_ends():
    scale = Scale(1, 100, 0, 10, logarithmic=True)

    assert [scale(value) for value in (0.1, 10, 1000)] == pytest.approx([0, 5, 10])


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (59.7, "1 min"), (3599.9, "1 h 0 min"), (90, "1 min 30 s")]
)
def test_durations_round_to_what_a_clock_shows(seconds, words):
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == words
