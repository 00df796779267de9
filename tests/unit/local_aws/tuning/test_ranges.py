"""Ranges: bounds, types and scales hold for every point of the unit interval."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.tuning.ranges import CategoricalRange, NumericRange, SearchSpace, parse_space

UNIT = st.floats(0, 1, allow_nan=False)


@st.composite
def numeric_ranges(draw):
    scale = draw(st.sampled_from(["Linear", "Logarithmic", "ReverseLogarithmic"]))
    if scale != "ReverseLogarithmic" and draw(st.booleans()):
        low = draw(st.integers(1 if scale == "Logarithmic" else -1000, 1000))
        return NumericRange("n", low, low + draw(st.integers(1, 1000)), scale, is_integer=True)
    least, most = {"Linear": (-1e6, 1e6), "Logarithmic": (1e-8, 1e6), "ReverseLogarithmic": (0, 0.9999)}[scale]
    low = draw(st.floats(least, most))
    high = draw(st.floats(least, most))
    return NumericRange("x", *sorted((low, high)), scale) if low != high else NumericRange("x", 0.1, 0.2, scale)


@given(numeric_ranges(), UNIT)
def test_every_value_lies_within_its_range(r, unit):
    assert r.low <= float(r.at(unit)) <= r.high


@given(numeric_ranges(), UNIT)
def test_integer_hyperparameters_are_passed_as_integers(r, unit):
    if r.is_integer:
        assert r.at(unit) == str(int(r.at(unit)))


@given(numeric_ranges(), UNIT)
def test_a_value_is_located_where_it_came_from(r, unit):
    value = r.at(unit)

    found = r.locate(value)

    assert found is not None
    assert 0 <= found <= 1
    assert float(r.at(found)) == pytest.approx(float(value), rel=1e-6, abs=1e-9)


@given(numeric_ranges(), UNIT, UNIT)
def test_larger_points_give_larger_values(r, first, second):
    low, high = sorted((first, second))

    assert float(r.at(low)) <= float(r.at(high))


def test_logarithmic_scale_gives_each_decade_the_same_share():
    r = NumericRange("eta", 1e-4, 1, "Logarithmic")

    assert [float(r.at(quarter / 4)) for quarter in range(5)] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_reverse_logarithmic_scale_gives_each_decade_below_one_the_same_share():
    r = NumericRange("momentum", 0, 0.999, "ReverseLogarithmic")

    assert [float(r.at(third / 3)) for third in range(4)] == pytest.approx([0, 0.9, 0.99, 0.999])


@pytest.mark.parametrize("scale", ["Linear", "Logarithmic"])
def test_both_ends_of_an_integer_range_are_reached(scale):
    r = NumericRange("max_depth", 3, 10, scale, is_integer=True)

    assert (r.at(0.0), r.at(1.0)) == ("3", "10")


def test_integers_are_equally_likely_on_the_linear_scale():
    r = NumericRange("max_depth", 1, 4, is_integer=True)

    drawn = [r.at(float(Fraction(2 * i + 1, 80))) for i in range(40)]

    assert {value: drawn.count(value) for value in "1234"} == dict.fromkeys("1234", 10)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30, unique=True), UNIT)
def test_a_category_is_one_of_the_list(values, unit):
    assert CategoricalRange("c", tuple(values)).at(unit) in values


@pytest.mark.parametrize("value", ["0", "11", "2.5", "many"])
def test_a_value_outside_the_range_has_no_location(value):
    assert NumericRange("max_depth", 1, 10, is_integer=True).locate(value) is None


def test_a_point_with_an_unknown_category_or_a_missing_value_is_outside_the_space():
    space = SearchSpace((CategoricalRange("booster", ("gbtree",)), NumericRange("eta", 0, 1)))

    assert space.locate({"booster": "gblinear", "eta": "0.5"}) is None
    assert space.locate({"eta": "0.5"}) is None
    assert space.locate({"booster": "gbtree", "eta": "0.5", "other": "1"}) == {"booster": "gbtree", "eta": 0.5}


@pytest.mark.parametrize(
    ("low", "high", "scale"), [("0.01", "1", "Logarithmic"), ("0", "1", "Linear"), ("0.5", "1", "Linear")]
)
def test_auto_scaling_is_logarithmic_for_wide_positive_ranges(low, high, scale):
    space = parse_space({"ContinuousParameterRanges": [{"Name": "eta", "MinValue": low, "MaxValue": high}]})

    assert space.ranges[0].scale == scale


def test_continuous_values_are_plain_decimal_strings():
    assert math.isclose(float(NumericRange("eta", 0.1, 0.3).at(1 / 3)), 0.16666666666, rel_tol=1e-9)
    assert NumericRange("eta", 0.1, 0.3).at(0.5) == "0.2"
