"""Each fault does what its scenario says, and nothing else."""

import json
from collections import Counter

import pytest

from pipelines.demo_drift import faults
from pipelines.demo_drift.scenarios import SCENARIOS


def columns(day):
    records = faults.records_of(day)
    return {name: [record[name] for record in records] for name in records[0]}


def changed_columns(before, after):
    old, new = columns(before), columns(after)
    return {name for name in old if old[name] != new[name]}


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        (faults.feature_null, {"h_all_late7"}),
        (faults.unit_change, {"wl_temp", "wl_dewp"}),
        (faults.new_category, {"carrier"}),
        (faults.shuffled_column, {"wl_dewp"}),
    ],
)
def test_a_fault_of_the_requests_changes_its_columns_only(day, fault, changed):
    broken = fault(day)

    assert changed_columns(day, broken) == changed
    assert (broken.flights, broken.labels) == (day.flights, day.labels)


@pytest.mark.parametrize("fault", [faults.label_shift, faults.concept_change, faults.slice_only_harm])
def test_a_fault_of_the_truth_leaves_the_requests_alone(day, fault):
    broken = fault(day)

    assert broken.bodies == day.bodies
    assert broken.labels != day.labels
    assert set(broken.labels) == {0, 1}


def test_celsius(day):
    assert columns(faults.unit_change(day))["wl_temp"][:3] == [0.0, 0.6, 1.1]
    assert columns(faults.unit_change(day))["wl_dewp"][7] is None


def test_a_shuffled_column_has_the_same_values(day):
    assert Counter(columns(faults.shuffled_column(day))["wl_dewp"]) == Counter(columns(day)["wl_dewp"])


def test_a_new_category_was_never_seen(day):
    assert faults.NEW_CARRIER not in columns(day)["carrier"]
    assert Counter(columns(faults.new_category(day))["carrier"])[faults.NEW_CARRIER] == 100


def test_a_changed_concept_has_as_many_late_flights_but_others(day):
    broken = faults.concept_change(day)

    assert sum(broken.labels) == sum(day.labels)
    trouble = columns(day)["o_late_180"]
    late = [value for value, label in zip(trouble, broken.labels, strict=True) if label]
    assert max(late) < 0.5 < max(trouble)


def test_only_one_origin_is_harmed(day):
    broken, origins = faults.slice_only_harm(day), columns(day)["origin"]
    changed = {origin for origin, old, new in zip(origins, day.labels, broken.labels, strict=True) if old != new}
    assert changed == {faults.HARMED_ORIGIN}


@pytest.mark.parametrize("scenario", [scenario for scenario in SCENARIOS if scenario.fault], ids=lambda it: it.name)
def test_a_fault_is_the_same_each_time_and_sends_json(day, scenario):
    once, again = scenario.fault(day), scenario.fault(day)

    assert once == again
    assert all(isinstance(json.loads(body), dict) for body in once.bodies)
