"""Bootstrap, calibration, slices and Model Monitor's shape."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from processing import bootstrap, metrics
from processing.calibration import expected_calibration_error, reliability, wilson_interval
from processing.model_monitor_metrics import binary_classification_metrics
from processing.slices import skipped_slices, slice_fairness, slice_quality


def predicted(rows=3000, seed=0, noise=0.5):
    """Calibrated scores, noisy scores, labels and days."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-2, 1, rows)
    scores = 1 / (1 + np.exp(-logit))
    labels = (rng.random(rows) < scores).astype(np.int8)
    noisy = 1 / (1 + np.exp(-logit - rng.normal(0, noise, rows)))
    return labels, scores, noisy, rng.integers(0, 30, rows)


def test_the_bootstrap_agrees_with_resampling_row_by_row():
    labels, scores, noisy, days = predicted(rows=400)
    draws = bootstrap._day_weights(30, 20, seed=5)
    codes = np.unique(days, return_inverse=True)[1]

    fast = bootstrap._auc_differences(labels, scores, noisy, codes, draws)

    for weights, value in zip(draws, fast, strict=True):
        rows = np.repeat(np.arange(400), weights[codes].astype(int))
        slow = metrics.roc_auc(labels[rows], scores[rows]) - metrics.roc_auc(labels[rows], noisy[rows])
        assert value == pytest.approx(slow)


def test_the_estimate_is_the_difference_of_the_metrics():
    labels, scores, noisy, days = predicted()

    compared = bootstrap.compare(labels, scores, noisy, days, resamples=100)

    assert compared.auc.value == pytest.approx(metrics.roc_auc(labels, scores) - metrics.roc_auc(labels, noisy))
    assert compared.log_loss.value == pytest.approx(metrics.log_loss(labels, scores) - metrics.log_loss(labels, noisy))
    assert compared.log_loss.lower < compared.log_loss.value < compared.log_loss.upper


def test_a_model_does_not_differ_from_itself():
    labels, scores, _, days = predicted()

    compared = bootstrap.compare(labels, scores, scores, days, resamples=50)

    assert compared.to_dict()["auc_difference"] == {"value": 0.0, "lower": 0.0, "upper": 0.0}
    assert compared.log_loss.upper == 0.0


def test_intervals_hold_the_truth_about_as_often_as_they_promise():
    many = predicted(rows=400_000, seed=1)
    truth = metrics.log_loss(many[0], many[1]) - metrics.log_loss(many[0], many[2])

    def holds(seed):
        interval = bootstrap.compare(*predicted(rows=1500, seed=100 + seed), resamples=200).log_loss
        return interval.lower <= truth <= interval.upper

    assert sum(holds(seed) for seed in range(60)) >= 50


def test_a_month_is_compared_in_well_under_two_seconds():
    labels, scores, noisy, days = predicted(rows=27_000)
    started = time.process_time()

    bootstrap.compare(labels, scores, noisy, days, resamples=2000)

    assert time.process_time() - started < 2


def test_the_seed_decides_the_interval():
    data = predicted()

    first, again, other = (bootstrap.compare(*data, resamples=50, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_intervals_agree_with_scipy(successes, more):
    trials = successes + more

    lower, upper = wilson_interval(successes, trials)

    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert (lower, upper) == (pytest.approx(expected.low, abs=1e-9), pytest.approx(expected.high, abs=1e-9))


def test_calibrated_scores_have_a_small_calibration_error():
    labels, scores, _, _ = predicted(rows=20_000)

    bins = reliability(labels, scores)

    assert sum(each.rows for each in bins) == 20_000
    assert expected_calibration_error(bins) < 0.01
    assert expected_calibration_error(reliability(labels, np.sqrt(scores))) > 0.1


def test_slices_leave_out_what_is_too_small():
    labels, scores, _, _ = predicted()
    frame = pd.DataFrame({"origin": np.r_[["JFK"] * 1900, ["LGA"] * 1000, ["HPN"] * 100]})

    entries = slice_quality(frame, ["origin"], labels, scores, min_rows=200)

    assert [(entry["value"], entry["rows"]) for entry in entries] == [("JFK", 1900), ("LGA", 1000)]
    assert entries[0]["auc"] == metrics.roc_auc(labels[:1900], scores[:1900])
    assert skipped_slices(frame, ["origin"], 200) == {"origin": 1}


def test_fairness_has_clarifys_signs():
    frame = pd.DataFrame({"origin": ["JFK"] * 4 + ["LGA"] * 4})
    labels = np.array([1, 1, 0, 0, 1, 1, 0, 0], dtype=np.int8)
    scores = np.array([0.9, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.1])

    entry = slice_fairness(frame, ["origin"], labels, scores, threshold=0.5, min_rows=1)[0]

    assert entry["value"] == "JFK"
    assert entry["DPL"] == 0.0
    assert entry["DPPL"] == 0.75 - 0.25
    assert entry["DI"] == pytest.approx(1 / 3)
    assert entry["RD"] == 1.0 - 0.5
    assert entry["AD"] == 0.0
    assert entry["SD"] == 0.5 - 1.0


def test_a_slice_that_is_everything_is_no_slice():
    labels, scores, _, _ = predicted()

    assert slice_quality(pd.DataFrame({"origin": ["JFK"] * 3000}), ["origin"], labels, scores) == []


def test_model_monitors_shape_holds_value_and_deviation():
    labels, scores, _, _ = predicted()

    shape = binary_classification_metrics(labels, scores, 0.3)

    assert shape["auc"]["value"] == metrics.roc_auc(labels, scores)
    assert 0 < shape["auc"]["standard_deviation"] < 0.05
    assert sum(shape["confusion_matrix"]["1"].values()) == labels.sum()
    assert shape["recall_best_constant_classifier"]["value"] == 0.0
    assert shape["auc_best_constant_classifier"]["value"] == 0.5
    assert len(shape["precision_recall_curve"]["precisions"]) == len(shape["precision_recall_curve"]["recalls"])


def test_model_monitor_gives_no_deviation_for_few_rows():
    labels, scores, _, _ = predicted(rows=150)

    assert binary_classification_metrics(labels, scores, 0.3)["f1"]["standard_deviation"] == "NaN"
