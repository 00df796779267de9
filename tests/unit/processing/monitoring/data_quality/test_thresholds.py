"""Thresholds for one-day windows, as the rules say."""

import json

import numpy as np
import pandas as pd
import pytest

from processing import baseline
from processing.monitoring.constraints import Constraints
from processing.monitoring.relation_fit import fit_relations
from processing.monitoring.relations import Relation
from processing.monitoring.thresholds import TrainingDays, overrides

DAYS, ROWS = 40, 200


@pytest.fixture
def days():
    number = pd.Series(np.repeat(np.arange(DAYS), ROWS))
    return TrainingDays(number, number // 10)


def column(make):
    return pd.Series(np.concatenate([make(day) for day in range(DAYS)]))


RNG = np.random.default_rng(5)


def test_a_feature_that_is_the_same_every_day_gets_the_least_threshold(days):
    found = overrides(column(lambda _: RNG.normal(size=ROWS)), days)["distribution_constraints"]

    assert found["perform_comparison"] == "Enabled"
    assert 0.05 <= found["comparison_threshold"] < 0.12


def test_a_feature_that_may_be_anywhere_on_a_day_is_not_compared(days):
    found = overrides(column(lambda day: day + RNG.normal(size=ROWS)), days)["distribution_constraints"]

    assert found == {"perform_comparison": "Disabled"}


def test_completeness_allows_less_than_the_worst_days_had_but_never_none_at_all(days):
    values = column(lambda day: np.where(RNG.random(ROWS) < 0.02 * (day % 5), np.nan, 1.0))
    rare = column(lambda day: np.where(np.arange(ROWS) < (150 if day > 2 else 2), 1.0, np.nan))

    assert 0.8 < overrides(values, days)["completeness_threshold"] < 0.9
    assert 0 < overrides(rare, days)["completeness_threshold"] < 0.01
    assert overrides(column(lambda _: np.ones(ROWS)), days)["completeness_threshold"] == 1.0


def test_a_closed_vocabulary_stays_closed_and_an_open_one_may_grow(days):
    closed = column(lambda _: RNG.choice(["a", "b"], ROWS))
    many = [f"c{number}" for number in range(60)]
    grows = column(lambda day: np.array(["new" if day == 35 else "c1", *RNG.choice(many, ROWS - 1)]))

    assert overrides(closed, days)["domain_content_threshold"] == 1.0
    assert 0.95 <= overrides(grows, days)["domain_content_threshold"] < 1.0


def test_relations_are_found_written_and_read_again():
    first = RNG.normal(10, 3, DAYS * ROWS)
    columns = {
        "first": first,
        "double": 2 * first + RNG.normal(0, 0.5, len(first)),
        "noise": RNG.normal(size=len(first)),
    }

    found = fit_relations(columns, np.repeat(np.arange(DAYS), ROWS))

    assert set(found) == {"first", "double"}
    relation = Relation.from_dict("first", json.loads(json.dumps(found["first"].to_dict())))
    assert relation == found["first"]
    assert relation.min_correlation > 0.8
    day = {name: values[:ROWS] for name, values in columns.items()}
    assert relation.problem(day) == ""
    assert "unit" in relation.problem(day | {"double": day["double"] / 2})
    assert relation.problem(day | {"first": RNG.permutation(day["first"])}) != ""
    assert relation.problem({name: values[:50] for name, values in day.items()} | {"first": np.zeros(50)}) == ""


def test_too_few_days_choose_nothing():
    frame = pd.DataFrame({"x": RNG.normal(size=600)})

    found = baseline.constraints(frame, np.repeat([1, 2], 300), pd.Series(np.repeat(np.arange(6), 100)))

    assert "monitoringConfigOverrides" not in found["features"][0]


def test_what_is_written_is_read(baseline_files):
    features = {feature.name: feature for feature in Constraints.from_dict(baseline_files[1]).features}

    assert not features["warmth"].checks.compares
    assert features["warmth"].relation is not None
    assert features["seats"].checks.share_standard_errors == 3.0
    assert features["carrier"].domains == {"AA", "UA"}
