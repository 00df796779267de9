"""How long an experiment will take, and what it can find: planned before the start, by the judge's own sequence.

A day's mean difference between the models varies with standard deviation

    paired: sqrt(day² + request²/n)         split: sqrt(day² + loss²/(n q (1 - q)))

where `day` is what the day does to the difference itself, `request` the standard deviation of one request's paired
difference, `loss` that of one request's loss, n requests a day and q the challenger's share. Only the effect in these
standard deviations counts, so durations follow from simulating the sequence (4,000 experiments, seed fixed).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats import nct, norm, t

from processing.experiment import day_sequence, sample_ratio
from processing.experiment.day_sequence import best_mixture
from processing.experiment.plan import PAIRED, SPLIT, Plan, SampleRatioPlan
from processing.metrics import Floats

_EXPERIMENTS = 4000
_LONGEST = 365
_SAMPLE_RATIO_POWER = 0.95


@dataclass(frozen=True)
class Spread:
    """How much the log loss varies.

    Attributes:
        day: Standard deviation, between days, of the mean difference of the models.
        request: Standard deviation of one request's paired difference.
        loss: Standard deviation of one request's loss.
    """

    day: float
    request: float
    loss: float

    def of_a_day(self, comparison: str, requests_per_day: float, challenger_share: float) -> float:
        """Standard deviation of one day's mean difference."""
        if comparison == PAIRED:
            return math.hypot(self.day, self.request / math.sqrt(requests_per_day))
        halves = requests_per_day * challenger_share * (1 - challenger_share)
        return math.hypot(self.day, self.loss / math.sqrt(halves))


@dataclass(frozen=True)
class Duration:
    """What one kind of comparison needs.

    Attributes:
        comparison: `paired` or `split`.
        standardised_effect: The effect in standard deviations of a day.
        expected_days: Half of all experiments are decided by then; None if that takes over a year.
        days: As many are decided as the power asks for; None if that takes over a year.
        fixed_days: What a single look at the end, planned for exactly that day, would need.
        requests: Of `days`.
        independent_requests: What a plan would say that takes requests of a day as independent: too few.
        detectable_effect: Smallest effect found with the wanted power within the plan's maximum.
    """

    comparison: str
    standardised_effect: float
    expected_days: int | None
    days: int | None
    fixed_days: int
    requests: int | None
    independent_requests: int
    detectable_effect: float | None = None


def plan_duration(plan: Plan, spread: Spread, comparison: str, maximum_days: int | None = None) -> Duration:
    """Plan one kind of comparison for the plan's effect, traffic, alpha and power."""
    deviation = spread.of_a_day(comparison, plan.requests_per_day, plan.challenger_share)
    effect = plan.minimum_effect / deviation
    decided = decided_by_day(effect, plan.quality_alpha, plan.mixture)
    days = _first(decided >= plan.power)
    found = None if maximum_days is None else _detectable(plan, maximum_days)
    return Duration(
        comparison=comparison,
        standardised_effect=effect,
        expected_days=_first(decided >= 0.5),  # noqa: PLR2004 - the median
        days=days,
        fixed_days=fixed_sample_days(effect, plan.quality_alpha, plan.power),
        requests=None if days is None else math.ceil(days * plan.requests_per_day),
        independent_requests=_independent(plan, spread, comparison),
        detectable_effect=None if found is None else found * deviation,
    )


def complete(plan: Plan, spread: Spread, maximum_days: int | None = None) -> tuple[Plan, dict[str, Duration]]:
    """The plan with durations, the sequence's parameter and the sample-ratio check's size; and both kinds' figures.

    Args:
        plan: With the effect, the traffic and the comparison.
        spread: How much the log loss varies.
        maximum_days: The longest that the experiment may take; what the power needs if left out.
    """
    rough = plan_duration(plan, spread, plan.comparison)
    plan = replace(plan, mixture=best_mixture(rough.days or _LONGEST, plan.quality_alpha))
    chosen = plan_duration(plan, spread, plan.comparison)
    longest = maximum_days or max(chosen.days or _LONGEST, plan.minimum_days)
    plan = replace(plan, maximum_days=longest, expected_days=chosen.expected_days or _LONGEST)
    durations = {kind: plan_duration(plan, spread, kind, longest) for kind in (PAIRED, SPLIT)}
    requests = sample_ratio.requests_needed(
        plan.challenger_share,
        mismatch=plan.sample_ratio.mismatch,
        alpha=plan.sample_ratio_alpha,
        power=_SAMPLE_RATIO_POWER,
    )
    return replace(plan, sample_ratio=SampleRatioPlan(plan.sample_ratio.mismatch, requests)), durations


def decided_by_day(effect: float, alpha: float, mixture: float, days: int = _LONGEST) -> Floats:
    """Share of experiments that the sequence has decided after each day, for an effect in days' deviations."""
    decided = np.zeros(days)
    # In parts of doubling length: most plans end early, and no year need be drawn for them.
    length = min(32, days)
    while True:
        draws = np.random.default_rng(0).standard_normal((_EXPERIMENTS, length)) + effect
        log_e = day_sequence.log_e_value(draws, mixture=mixture)
        right_way = np.cumsum(draws, axis=1) > 0
        first = np.logical_or.accumulate((log_e >= -math.log(alpha)) & right_way, axis=1)
        decided[:length] = first.mean(axis=0)
        decided[length:] = decided[length - 1]
        if length == days or decided[length - 1] > 0.97:  # noqa: PLR2004 - nothing of interest is left
            return decided
        length = min(length * 2, days)


def fixed_sample_days(effect: float, alpha: float, power: float) -> int:
    """Days for a single two-sided t-test over days at the end."""
    days = 2
    while fixed_sample_power(effect, days, alpha) < power and days < _LONGEST:
        days += 1
    return days


def fixed_sample_power(effect: float, days: int, alpha: float) -> float:
    """Power of a two-sided one-sample t-test over days."""
    critical = float(t.ppf(1 - alpha / 2, days - 1))
    centre = effect * math.sqrt(days)
    return float(nct.sf(critical, days - 1, centre) + nct.cdf(-critical, days - 1, centre))


def independent_requests(effect: float, deviation: float, alpha: float, power: float) -> int:
    """Observations of a two-sided z-test, were they independent."""
    quantiles = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    return math.ceil((quantiles * deviation / effect) ** 2)


def loss_spread(base_rate: float) -> float:
    """Standard deviation of one request's log loss when the base rate itself is predicted: a rough guess."""
    return abs(math.log((1 - base_rate) / base_rate)) * math.sqrt(base_rate * (1 - base_rate))


def describe(durations: dict[str, Duration], spread: Spread) -> dict[str, Any]:
    """What plan.json says about how it came about."""
    return {
        "standard_deviations": {"day": spread.day, "request": spread.request, "loss": spread.loss},
        **{kind: dict(vars(duration)) for kind, duration in durations.items()},
    }


def _detectable(plan: Plan, days: int) -> float | None:
    def missing(effect: float) -> float:
        return float(decided_by_day(effect, plan.quality_alpha, plan.mixture, days)[-1]) - plan.power

    largest = 20.0
    return None if missing(largest) < 0 else float(brentq(missing, 1e-6, largest, xtol=1e-3))


def _independent(plan: Plan, spread: Spread, comparison: str) -> int:
    if comparison == PAIRED:
        deviation = spread.request
    else:
        deviation = spread.loss / math.sqrt(plan.challenger_share * (1 - plan.challenger_share))
    return independent_requests(plan.minimum_effect, deviation, plan.alpha, plan.power)


def _first(reached: Any) -> int | None:
    return int(np.argmax(reached)) + 1 if reached.any() else None
