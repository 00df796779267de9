"""The bias monitor: Clarify's metrics and shapes, ordinary days pass, harm to one slice does not."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.monitoring.bias import SECTION, assess_bias, baseline_analysis, baseline_constraints
from processing.monitoring.bias_metrics import bias_metrics
from processing.monitoring.settings import MonitorInputError
from tests.unit.processing.monitoring.labelled_days import each, labelled_days, taken

COLUMNS = ("origin", "carrier", "hour_block")
THRESHOLD = 0.2


@pytest.fixture(scope="module")
def constraints():
    return baseline_constraints(labelled_days(60, 800, seed=1), COLUMNS, THRESHOLD, "label")


def violations(day, constraints):
    return assess_bias(day, COLUMNS, {SECTION: {"label": "late"}}, constraints, THRESHOLD).violations


def only_jfk(day):
    return (day.slices["origin"] == "JFK").to_numpy()


# Facet d: 10 rows, 1 TP, 1 FP, 3 FN, 5 TN; facet a: 20 rows, 4 TP, 2 FP, 2 FN, 12 TN. Values follow from Clarify's
# formulas by hand: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html
EXPECTED = {
    "DPPL": 6 / 20 - 2 / 10,
    "DI": (2 / 10) / (6 / 20),
    "DCA": 6 / 6 - 4 / 2,
    "DCR": 6 / 8 - 14 / 14,
    "RD": 4 / 6 - 1 / 4,
    "SD": 5 / 6 - 12 / 14,
    "DAR": 4 / 6 - 1 / 2,
    "DRR": 5 / 8 - 12 / 14,
    "AD": 16 / 20 - 6 / 10,
    "TE": 3 / 1 - 2 / 2,
}


def test_metrics_are_clarifys():
    counts = [(1, 1, 1), (0, 1, 1), (1, 0, 3), (0, 0, 5)], [(1, 1, 4), (0, 1, 2), (1, 0, 2), (0, 0, 12)]
    labels, flags, facet = (
        np.array(values)
        for values in zip(
            *[
                (label, flag, place == 0)
                for place, group in enumerate(counts)
                for label, flag, n in group
                for _ in range(n)
            ],
            strict=True,
        )
    )

    found = bias_metrics(labels.astype(np.int8), flags.astype(np.float64), facet, 0.5)

    assert {name: found[name].value for name in EXPECTED} == pytest.approx(EXPECTED)
    assert all(0 < found[name].error < 0.5 for name in ("AD", "DPPL"))
    assert np.isnan(found["RD"].error)  # of four positives


@pytest.mark.parametrize("rows", [300, 900])
def test_ordinary_days_pass(constraints, rows):
    found = [violations(day, constraints) for day in each(labelled_days(60, rows, seed=2))]

    assert sum(map(bool, found)) <= 3


def test_inverted_labels_of_one_origin_are_seen(constraints):
    for day in each(labelled_days(10, 600, seed=3)):
        harmed = taken(day, slice(None), labels=np.where(only_jfk(day), 1 - day.labels, day.labels))

        found = violations(harmed, constraints)

        assert ("origin", "JFK") in {(v["facet"], v["facet_value"]) for v in found}
        assert {v["constraint_check_type"] for v in found} == {"bias_drift_check"}
        assert all(v["description"].startswith("Value ") for v in found)


@pytest.mark.parametrize("constant", [0.0, 0.15, 0.9])
def test_one_answer_for_a_whole_origin_is_seen(constraints, constant):
    for day in each(labelled_days(10, 300, seed=4)):
        harmed = taken(day, slice(None), probabilities=np.where(only_jfk(day), constant, day.probabilities))

        assert "JFK" in {found["facet_value"] for found in violations(harmed, constraints)}


def test_small_and_unknown_slices_are_not_judged(constraints):
    (day,) = each(labelled_days(1, 300, seed=5))
    day.slices.loc[day.slices.index[:100], "origin"] = ""

    facets = assess_bias(day, COLUMNS, {}, constraints, THRESHOLD).analysis[SECTION]["facets"]

    assert sorted(facets) == ["carrier", "origin"]
    assert "HA" not in {entry["value_or_threshold"] for entry in facets["carrier"]}
    assert "" not in {entry["value_or_threshold"] for entry in facets["origin"]}
    assert "HA" not in {entry["value_or_threshold"] for entry in constraints[SECTION]["facets"]["carrier"]}


def plain(**metrics):
    entry = {"value_or_threshold": "JFK", "metrics": [{"name": n, "value": v} for n, v in metrics.items()]}
    return {"version": "1.0", SECTION: {"label": "late", "facets": {"origin": [entry]}}}


def test_plain_constraints_are_compared_as_clarify_does():
    (day,) = each(labelled_days(1, 900, seed=6))
    harmed = taken(day, slice(None), labels=np.where(only_jfk(day), 1 - day.labels, day.labels))
    analysis = assess_bias(harmed, COLUMNS, {}, plain(), THRESHOLD).analysis
    (jfk,) = [e for e in analysis[SECTION]["facets"]["origin"] if e["value_or_threshold"] == "JFK"]
    value = {metric["name"]: metric["value"] for metric in jfk["metrics"]}

    allowed = plain(AD=-1.01 * value["AD"], DI=1 / value["DI"] * (1.01 if value["DI"] < 1 else 0.99), RD=None)
    broken = plain(AD=0.99 * value["AD"], DI=1.0)

    assert violations(harmed, allowed) == []
    assert [found["metric_name"] for found in violations(harmed, broken)] == ["AD", "DI"]


@pytest.mark.parametrize("broken", [{}, {SECTION: {}}, {SECTION: {"facets": {"origin": [{}]}}}, {SECTION: []}])
def test_constraints_of_another_shape_are_refused(broken):
    with pytest.raises(MonitorInputError, match="not Clarify's shape"):
        violations(labelled_days(1, 100, seed=7), broken)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(0, 120), seed=st.integers(0, 1000), late=st.sampled_from([0.0, 0.5, 1.0]))
def test_every_day_gives_strict_json(rows, seed, late):
    rng = np.random.default_rng(seed)
    day = taken(labelled_days(1, 120, seed=8), slice(rows), labels=(rng.random(rows) < late).astype(np.int8))

    report = assess_bias(day, COLUMNS, {}, plain(AD=0.0, TE=0.0, DI=0.0), THRESHOLD)

    assert json.loads(json.dumps(report.analysis, allow_nan=False)) == report.analysis


def test_the_baseline_is_clarifys_report():
    analysis = baseline_analysis(labelled_days(2, 900, seed=9), ("origin",), THRESHOLD, "late")

    assert analysis["version"] == "1.0"
    assert (analysis[SECTION]["label"], analysis[SECTION]["label_value_or_threshold"]) == ("late", "1")
    (metrics,) = [e["metrics"] for e in analysis[SECTION]["facets"]["origin"] if e["value_or_threshold"] == "JFK"]
    assert {metric["name"] for metric in metrics} == {*EXPECTED, "CID", "LSR"}
    assert {"name", "description", "value"} <= set(metrics[0])
