"""The always-valid sequences against independent computations by published packages."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import betabinom, binom, dirichlet_multinomial, multinomial, nct, norm, t
from statsmodels.stats.power import NormalIndPower, TTestPower
from statsmodels.stats.proportion import proportions_chisquare

from processing.experiment import counts_sequence, mean_sequence, planning, sample_ratio
from processing.experiment.day_sequence import best_mixture, confidence_sequence, first_decision, log_e_value
from processing.experiment.plan import Plan
from processing.experiment.sample_ratio import Stretch

DIFFERENCES = np.array([-0.033, -0.025, -0.041, 0.028, -0.036, -0.058])


def as_t_statistic(values: np.ndarray) -> float:
    return float(values.mean() / (values.std(ddof=1) / math.sqrt(len(values))))


@pytest.mark.parametrize("mixture", [0.3, 1.0])
def test_the_evidence_is_the_mixture_of_noncentral_t_densities_over_the_central_one(mixture: float):
    days, statistic = len(DIFFERENCES), as_t_statistic(DIFFERENCES)

    def weighted(effect: float) -> float:
        prior = norm.pdf(effect, scale=1 / math.sqrt(mixture))
        return float(nct.pdf(statistic, days - 1, math.sqrt(days) * effect) * prior)

    expected = quad(weighted, -8, 8, limit=200)[0] / t.pdf(statistic, days - 1)

    assert math.exp(log_e_value(DIFFERENCES, mixture=mixture)[-1]) == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(1, 2000)), min_size=3, max_size=20), st.floats(0.005, 0.2))
@settings(max_examples=60, deadline=None)
def test_the_interval_is_where_the_evidence_stays_below_its_bound(days: list, alpha: float):
    sizes = np.array([float(size) for _, size in days])
    sums = np.array([mean for mean, _ in days]) * sizes
    found = confidence_sequence(sums, sizes, alpha=alpha)

    for end in (found.lower[-1], found.upper[-1]):
        if np.isfinite(end) and found.upper[-1] - found.lower[-1] > 1e-6:
            assert log_e_value(sums - end * sizes)[-1] == pytest.approx(-math.log(alpha), abs=1e-3)


def test_nothing_is_said_after_one_day_and_the_scale_does_not_matter():
    one = confidence_sequence(DIFFERENCES, np.full(6, 900.0), alpha=0.05)
    thousandfold = confidence_sequence(DIFFERENCES * 1000, np.full(6, 900.0), alpha=0.05)

    assert (one.lower[0], one.upper[0]) == (-np.inf, np.inf)
    np.testing.assert_allclose(one.upper[1:] * 1000, thousandfold.upper[1:])


def test_identical_days_are_no_division_by_zero():
    found = confidence_sequence(np.zeros((2, 5)), np.ones((2, 5)), alpha=0.05)

    assert (found.lower <= 0).all()
    assert (found.upper >= 0).all()
    assert log_e_value(np.zeros(5))[-1] < 0


def test_large_days_weigh_more_in_the_estimate():
    found = confidence_sequence(np.array([10.0, 900.0]), np.array([100.0, 900.0]), alpha=0.05)

    assert found.estimate[-1] == pytest.approx(0.91)


def test_gaussian_days_are_covered_at_all_looks_together():
    draws = np.random.default_rng(7).standard_normal((4000, 60)) * 3

    wrong = first_decision(confidence_sequence(draws, np.ones_like(draws), alpha=0.05)) > 0
    assert 0.005 < wrong.mean() <= 0.05


def test_the_best_mixture_grows_with_the_days():
    assert 0.1 <= best_mixture(3, 0.05) < best_mixture(7, 0.05) <= best_mixture(100, 0.05) == 1.0


@pytest.mark.parametrize(("successes", "trials", "share"), [(3, 100, 0.01), (0, 50, 0.2), (50, 50, 0.9), (7, 20, 0.35)])
def test_a_shares_evidence_is_the_beta_binomial_over_the_binomial(successes: int, trials: int, share: float):
    expected = betabinom.logpmf(successes, trials, 0.5, 0.5) - binom.logpmf(successes, trials, share)

    assert counts_sequence.log_e_value(successes, trials, share) == pytest.approx(float(expected), abs=1e-9)


def test_a_shares_interval_ends_where_the_evidence_reaches_its_bound():
    found = counts_sequence.confidence_interval(30, 1000, alpha=0.05)

    for end in (found.lower, found.upper):
        assert counts_sequence.log_e_value(30, 1000, end) == pytest.approx(-math.log(0.05), abs=1e-6)
    assert counts_sequence.confidence_interval(0, 0, alpha=0.05).upper == 1
    assert counts_sequence.confidence_interval(0, 400, alpha=0.05).lower == 0
    assert counts_sequence.confidence_interval(400, 400, alpha=0.05).upper == 1


def test_shares_are_covered_at_all_looks_together():
    rng, share = np.random.default_rng(3), 0.02
    counts = np.cumsum(rng.binomial(50, share, (1500, 60)), axis=1)

    wrong = np.zeros(1500, dtype=bool)
    for look in range(60):
        trials = 50 * (look + 1)
        table = {s: counts_sequence.log_e_value(s, trials, share) for s in np.unique(counts[:, look])}
        wrong |= np.array([table[s] >= math.log(20) for s in counts[:, look]])
    assert wrong.mean() <= 0.05


def test_the_means_width_is_where_the_normal_mixture_reaches_its_bound():
    count, alpha = 800, 0.01
    half = mean_sequence.half_width(count, alpha)
    wanted = -2 * math.log(alpha)
    scale = math.sqrt((wanted + math.log(wanted) + 1) / 500)

    def grown(slope: float) -> float:
        return math.exp(slope * half * count - slope**2 * count / 2) * norm.pdf(slope, scale=scale)

    assert quad(grown, -2, 2, points=[half], limit=400)[0] == pytest.approx(1 / alpha, rel=1e-6)


def test_few_observations_have_no_mean():
    assert mean_sequence.confidence_interval(99, 5.0, 9.0, alpha=0.05).lower == -math.inf
    assert mean_sequence.confidence_interval(0, 0.0, 0.0, alpha=0.05).upper == math.inf


def test_the_sample_ratios_evidence_is_the_dirichlet_multinomial_over_the_multinomial():
    shares = {"champion": 0.75, "challenger": 0.25}
    counts = {"champion": 7400, "challenger": 2600}
    k = sample_ratio.concentration(0.25, 0.01)
    observed, planned = [7400, 2600], [0.75, 0.25]
    expected = dirichlet_multinomial.logpmf(observed, [k * p for p in planned], 10_000)
    expected -= multinomial.logpmf(observed, 10_000, planned)

    found = sample_ratio.check([Stretch(counts, shares)], alpha=0.001)

    assert found.log_e_value == pytest.approx(float(expected), rel=1e-9)
    vectorised = sample_ratio.log_e_values(np.array([2600.0]), 10_000.0, 0.25, 0.01)
    assert vectorised[0] == pytest.approx(found.log_e_value)


def test_the_classic_sample_ratio_test_is_pearsons():
    expected = proportions_chisquare(5300, 10_000, value=0.5)[1]

    found = sample_ratio.check(
        [Stretch({"champion": 4700, "challenger": 5300}, {"champion": 0.5, "challenger": 0.5})], alpha=0.001
    )

    assert found.fixed_p_value == pytest.approx(float(expected), rel=1e-9)


def test_stretches_of_a_ramp_are_judged_each_by_its_own_share():
    ramp = [
        Stretch({"champion": 9500, "challenger": 500}, {"champion": 0.95, "challenger": 0.05}),
        Stretch({"champion": 5000, "challenger": 5000}, {"champion": 0.5, "challenger": 0.5}),
    ]

    assert not sample_ratio.check(ramp, alpha=0.001).is_mismatch
    swapped = [Stretch(ramp[0].counts, ramp[1].shares), Stretch(ramp[1].counts, ramp[0].shares)]
    assert sample_ratio.check(swapped, alpha=0.001).is_mismatch


def test_traffic_of_a_variant_that_should_have_none_is_a_mismatch():
    alone = Stretch({"champion": 90, "challenger": 1}, {"champion": 1.0, "challenger": 0.0})

    assert sample_ratio.check([alone], alpha=0.001).is_mismatch
    assert not sample_ratio.check([Stretch({"champion": 90}, {"champion": 1.0})], alpha=0.001).is_mismatch
    assert not sample_ratio.check([], alpha=0.001).is_mismatch


@pytest.mark.parametrize(("effect", "days"), [(0.6, 20), (1.2, 9)])
def test_a_single_looks_power_is_that_of_statsmodels(effect: float, days: int):
    expected = TTestPower().power(effect, days, 0.04)

    assert planning.fixed_sample_power(effect, days, 0.04) == pytest.approx(float(expected), abs=1e-9)


def test_independent_requests_are_those_of_statsmodels():
    # Two-sided, one sample: ratio 0 is statsmodels' way to say so.
    expected = NormalIndPower().solve_power(0.1, alpha=0.05, power=0.8, ratio=0)

    assert planning.independent_requests(0.1, 1.0, 0.05, 0.8) == math.ceil(expected)


def test_a_plan_names_durations_that_its_sequence_keeps():
    spread = planning.Spread(day=0.045, request=0.35, loss=0.65)
    plan, durations = planning.complete(Plan("release-v7", minimum_effect=0.05), spread)

    draws = np.random.default_rng(11).standard_normal((2000, plan.maximum_days))
    effect = durations["paired"].standardised_effect
    found = confidence_sequence(draws - effect, np.ones_like(draws), alpha=plan.quality_alpha, mixture=plan.mixture)
    assert (found.upper < 0).any(axis=1).mean() >= plan.power - 0.03
    assert durations["paired"].fixed_days < plan.maximum_days < durations["split"].days
    assert durations["paired"].detectable_effect == pytest.approx(0.05, rel=0.05)


def test_the_handbooks_request_counts_are_those_of_independent_requests():
    spread = planning.Spread(day=0.045, request=0.373, loss=0.65)

    paired, split = (
        planning.plan_duration(Plan("r", minimum_effect=0.0545), spread, kind) for kind in ("paired", "split")
    )

    assert paired.independent_requests == pytest.approx(370, rel=0.05)
    assert split.independent_requests == pytest.approx(4500, rel=0.2)
    assert paired.requests > 20 * paired.independent_requests


def test_a_planned_sample_ratio_size_has_its_power():
    requests = sample_ratio.requests_needed(0.5, mismatch=0.02, alpha=0.001, power=0.95)

    counts = np.random.default_rng(5).binomial(requests, 0.52, 4000).astype(float)
    alarms = sample_ratio.log_e_values(counts, float(requests), 0.5, 0.02) >= math.log(1000)
    assert 0.94 < alarms.mean() < 0.97
