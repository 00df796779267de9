"""Distances against figures worked out by hand from deequ's formulas, and against scipy."""

import numpy as np
import pytest
from scipy import stats

from processing.monitoring.distance import (
    Distribution,
    categorical_distance,
    chi_squared_p_value,
    numerical_distance,
)
from processing.monitoring.sketch import KllSketch


def distribution(values):
    sketch = KllSketch()
    sketch.add(np.asarray(values, dtype=float))
    return Distribution.of_sketch(sketch)


def test_simple_distance_is_the_kolmogorov_smirnov_statistic():
    random = np.random.default_rng(3)
    one, other = random.normal(size=700), random.normal(0.3, size=300)

    found = numerical_distance(distribution(one), distribution(other), "Simple")

    assert found == pytest.approx(stats.ks_2samp(one, other).statistic)


def test_robust_distance_subtracts_what_chance_explains():
    one, other = np.arange(100.0), np.arange(100.0) + 50

    simple = numerical_distance(distribution(one), distribution(other), "Simple")
    robust = numerical_distance(distribution(one), distribution(other), "Robust")

    assert simple == pytest.approx(0.5)
    assert robust == pytest.approx(0.5 - 1.8 * np.sqrt(200 / 10_000))


def test_robust_distance_is_never_negative():
    assert numerical_distance(distribution([1.0, 2.0]), distribution([1.0, 2.0]), "Robust") == 0


def test_a_baseline_of_buckets_is_compared_at_their_bounds():
    buckets = [{"lower_bound": low, "upper_bound": low + 10, "count": 50} for low in (0, 10)]
    baseline = Distribution.of_document({"kll": {"buckets": buckets}})

    same = numerical_distance(baseline, distribution(np.linspace(0.1, 20, 200)), "Simple")
    moved = numerical_distance(baseline, distribution(np.linspace(10.1, 20, 200)), "Simple")

    assert same == pytest.approx(0, abs=0.01)
    assert moved == pytest.approx(0.5)


def test_categories_are_compared_by_their_shares():
    baseline, window = {"a": 60, "b": 40}, {"a": 30, "c": 70}

    assert categorical_distance(baseline, window, "Simple") == pytest.approx(0.7)
    assert categorical_distance(baseline, window, "Robust") == pytest.approx(0.7 - 1.8 * np.sqrt(200 / 10_000))


def test_chi_squared_is_that_of_scipy_where_counts_are_large():
    baseline, window = {"a": 500, "b": 300, "c": 200}, {"a": 40, "b": 40, "c": 20}

    expected = stats.chisquare([40, 40, 20], [50, 30, 20]).pvalue

    assert chi_squared_p_value(baseline, window) == pytest.approx(expected)


def test_rare_categories_are_grouped_for_chi_squared():
    baseline = {"a": 500, "b": 490, "c": 5, "d": 5}

    found = chi_squared_p_value(baseline, {"a": 50, "b": 50})

    # c, d (half an expected value each) join b: a and b with c and d are left.
    assert found == pytest.approx(stats.chisquare([50, 50], [50, 50]).pvalue)


def test_one_category_has_no_chi_squared():
    assert np.isnan(chi_squared_p_value({"a": 10}, {"a": 3}))


@pytest.mark.parametrize(("baseline", "window"), [({}, {"a": 1}), ({"a": 1}, {})])
def test_nothing_is_no_distance(baseline, window):
    assert categorical_distance(baseline, window) == 0
