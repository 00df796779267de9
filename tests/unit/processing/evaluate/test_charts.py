"""The chart primitives."""

import xml.etree.ElementTree as ET

import pytest

from processing.charts import Axis, Chart, percent, round_ticks
from processing.plots import learning_curve, slices


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.58, 0.91, (0.6, 0.7, 0.8, 0.9)),
        (0, 2700, (0, 1000, 2000)),
        (5, 5, (5,)),
    ],
)
def test_ticks_are_round_numbers_within_the_range(low, high, ticks):
    assert round_ticks(low, high) == ticks


def test_tick_labels_have_just_enough_decimals():
    axis = Axis.over("x", 0, 0.04)

    assert [axis.form(tick) for tick in axis.ticks] == ["0.00", "0.01", "0.02", "0.03", "0.04"]
    assert percent(0.125) == "12.5 %"


def test_data_coordinates_map_to_the_inner_frame():
    chart = Chart("t", Axis.over("x", 0, 10), Axis.over("y", 0, 1))

    assert (chart.at_x(0), chart.at_x(10)) == (chart.left, chart.width - chart.right)
    assert (chart.at_y(0), chart.at_y(1)) == (chart.height - chart.bottom, chart.top)


def test_words_cannot_break_the_document():
    chart = Chart('<b> & "quotes"', Axis.over("x", 0, 1), Axis.over("y", 0, 1), "sub & <title>")
    chart.line([(0, 0), (1, 1)], "#000", name="<script>")

    assert "<script>" not in chart.render()
    assert ET.fromstring(chart.render()).get("aria-label").startswith('<b> & "quotes"')


def test_a_model_without_validation_has_no_learning_curve():
    assert learning_curve([{"iteration": 0, "train-logloss": 0.5}], 0) is None


def test_no_slice_is_still_a_picture():
    assert ET.fromstring(slices([], 0.7)) is not None
