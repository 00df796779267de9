"""Metrics against scikit-learn and against their own laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from processing import metrics


@st.composite
def predictions(draw):
    """Labels of both classes with scores that tie now and then."""
    rows = draw(st.integers(2, 60))
    labels = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=rows - 2, max_size=rows - 2))], dtype=np.int8)
    scores = np.array(draw(st.lists(st.integers(1, 99), min_size=rows, max_size=rows))) / 100
    return labels, scores


@given(predictions())
def test_scores_agree_with_scikit_learn(drawn):
    labels, scores = drawn

    assert metrics.roc_auc(labels, scores) == pytest.approx(reference.roc_auc_score(labels, scores))
    assert metrics.log_loss(labels, scores) == pytest.approx(reference.log_loss(labels, scores))
    assert metrics.brier(labels, scores) == pytest.approx(reference.brier_score_loss(labels, scores))
    assert metrics.average_precision(labels, scores) == pytest.approx(reference.average_precision_score(labels, scores))


@given(predictions())
def test_curves_agree_with_scikit_learn(drawn):
    labels, scores = drawn

    roc = metrics.roc_curve(labels, scores)
    precision_recall = metrics.precision_recall_curve(labels, scores)

    false_rates, true_rates, _ = reference.roc_curve(labels, scores, drop_intermediate=False)
    precisions, recalls, _ = reference.precision_recall_curve(labels, scores)
    assert roc.x == pytest.approx(false_rates)
    assert roc.y == pytest.approx(true_rates)
    assert precision_recall.x == pytest.approx(recalls[::-1])
    assert precision_recall.y == pytest.approx(precisions[::-1])


@given(predictions(), st.integers(0, 100))
def test_decisions_agree_with_scikit_learn(drawn, percent):
    labels, scores = drawn
    threshold = percent / 100

    counts = metrics.confusion(labels, scores, threshold)

    flagged = scores >= threshold
    assert [list(row.values()) for row in counts.to_dict().values()] == reference.confusion_matrix(
        labels, flagged, labels=[0, 1]
    ).tolist()
    assert counts.f_score(2) == pytest.approx(reference.fbeta_score(labels, flagged, beta=2, zero_division=0))


@given(predictions())
def test_auc_depends_on_the_order_of_scores_only(drawn):
    labels, scores = drawn

    assert metrics.roc_auc(labels, np.log(scores / (1 - scores))) == pytest.approx(metrics.roc_auc(labels, scores))


@given(predictions())
def test_auc_turns_over_with_labels_or_scores(drawn):
    labels, scores = drawn

    turned = 1 - metrics.roc_auc(labels, scores)

    assert metrics.roc_auc(labels, -scores) == pytest.approx(turned)
    assert metrics.roc_auc(1 - labels, scores) == pytest.approx(turned)


@given(predictions(), st.integers(1, 9), st.integers(1, 9))
def test_no_threshold_is_cheaper_than_the_cheapest(drawn, false_positive, false_negative):
    labels, scores = drawn
    costs = {"false_positive": false_positive, "false_negative": false_negative}

    chosen = metrics.cheapest_threshold(labels, scores, **costs)

    least = min(metrics.confusion(labels, scores, each).cost(**costs) for each in (*scores, 0.0, 2.0))
    assert metrics.confusion(labels, scores, chosen).cost(**costs) == pytest.approx(least)


def test_the_standard_error_of_the_auc_is_the_spread_over_samples():
    rng = np.random.default_rng(0)

    def sample():
        labels = (rng.random(600) < 0.2).astype(np.int8)
        return labels, rng.normal(size=600) + labels

    draws = [sample() for _ in range(400)]

    spread = np.std([metrics.roc_auc(*draw) for draw in draws])
    assert np.mean([metrics.roc_auc_standard_error(*draw) for draw in draws]) == pytest.approx(spread, rel=0.1)


def test_one_class_has_no_auc():
    assert np.isnan(metrics.roc_auc(np.zeros(3, dtype=np.int8), np.array([0.1, 0.2, 0.3])))


def test_thinning_keeps_the_ends_of_a_curve():
    rng = np.random.default_rng(1)
    labels = (rng.random(5000) < 0.3).astype(np.int8)
    curve = metrics.roc_curve(labels, rng.random(5000))

    thinned = metrics.thin(curve, 100)

    assert len(thinned.x) <= 100
    assert (thinned.x[0], thinned.y[0], thinned.x[-1], thinned.y[-1]) == (0, 0, 1, 1)
