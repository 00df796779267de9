"""Simulate experiments with hourly looks, by the judge's own statistics.

A/A: equal models, so every verdict but "continue" (or the end of the planned time) is a false positive. The paired
difference changes at the end of a day, when the day is closed; the sample ratio, errors and the daily guardrail change
every hour, and are looked at every hour.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaln

from benchmarks.experiment.real_days import DEMO_PAIR, Days, Draw, draw
from processing.experiment import counts_sequence, mean_sequence, sample_ratio
from processing.experiment.day_sequence import confidence_sequence, first_decision
from processing.experiment.plan import PAIRED, Plan
from processing.experiment.planning import Spread, plan_duration

RAMP = (0.05, 0.25, 0.5)
"""The challenger's share on the first days; the last one stays."""

_ERROR_RATE = 0.003
_GUARDRAILS, _SLICES = 5, 40


@dataclass(frozen=True)
class FalsePositives:
    """Shares of A/A experiments with a wrong alarm at any look; `any` is that of any kind."""

    quality: float
    sample_ratio: float
    error_rate: float
    calibration: float
    worst_slice: float
    daily_log_loss: float
    any: float
    experiments: int
    looks: int


def false_positives(
    days: Days, plan: Plan, experiments: int, *, seed: int = 0, pair: int | None = None
) -> FalsePositives:
    """Run A/A experiments over the plan's longest time."""
    rng = np.random.default_rng(seed)
    length = plan.maximum_days
    drawn = draw(days, experiments, length, rng, pair)
    shares = np.array([RAMP[min(day, len(RAMP) - 1)] for day in range(length)])
    assigned = rng.binomial(drawn.n.astype(np.int64), shares[None, :, None])
    alarms = {
        "quality": decided_after(drawn, plan) > 0,
        "sample_ratio": sample_ratio_alarm(assigned, drawn.n, shares, plan),
        "error_rate": _error_alarm(assigned, drawn.n, plan, rng),
        "calibration": _calibration_alarm(drawn, plan),
        "worst_slice": _slice_alarm(drawn, plan),
        "daily_log_loss": _daily_alarm(drawn, plan),
    }
    wrong = np.logical_or.reduce(list(alarms.values()))
    shares_of = {name: float(alarm.mean()) for name, alarm in alarms.items()}
    return FalsePositives(**shares_of, any=float(wrong.mean()), experiments=experiments, looks=24 * length)


def decided_after(drawn: Draw, plan: Plan, effect: float = 0.0) -> np.ndarray:
    """Days after which the paired comparison decides, 0 for never; `effect` is added to every request."""
    sizes = drawn.n.sum(axis=2)
    sums = drawn.x.sum(axis=2) + effect * sizes
    return first_decision(confidence_sequence(sums, sizes, alpha=plan.quality_alpha, mixture=plan.mixture))


@dataclass(frozen=True)
class Power:
    """Share of experiments that find a true effect in the planned time, and how long that takes."""

    effect: float
    planned_days: int
    found: float
    median_days: float
    wrong_way: float


def power(days: Days, plan: Plan, experiments: int, *, seed: int = 1, pair: int = DEMO_PAIR) -> Power:
    """Run A/B experiments in which the challenger is better by the planned effect."""
    drawn = draw(days, experiments, plan.maximum_days, np.random.default_rng(seed), pair)
    sizes = drawn.n.sum(axis=2)
    sums = drawn.x.sum(axis=2) - plan.minimum_effect * sizes
    sequence = confidence_sequence(sums, sizes, alpha=plan.quality_alpha, mixture=plan.mixture)
    better, worse = (sequence.upper < 0).any(axis=1), (sequence.lower > 0).any(axis=1)
    after = first_decision(sequence)
    return Power(
        effect=plan.minimum_effect,
        planned_days=plan.maximum_days,
        found=float(better.mean()),
        median_days=float(np.median(after[after > 0])) if (after > 0).any() else float("nan"),
        wrong_way=float(worse.mean()),
    )


def spread_of(days: Days, pair: int, loss: float) -> Spread:
    """What a pilot of these days would tell a plan."""
    sizes, sums, squares = days.n.sum(axis=1), days.x[pair].sum(axis=1), days.xx[pair].sum()
    request = float(np.sqrt(squares / sizes.sum()))
    between = float(np.var(sums / sizes, ddof=1)) - request**2 / float(sizes.mean())
    return Spread(day=float(np.sqrt(max(between, 0.0))), request=request, loss=loss)


def planned(days: Days, plan: Plan, pair: int) -> Plan:
    """The plan with the duration that its effect needs on these days."""
    duration = plan_duration(plan, spread_of(days, pair, 0.65), PAIRED)
    return replace(plan, maximum_days=duration.days or plan.maximum_days)


def sample_ratio_alarm(assigned: np.ndarray, n: np.ndarray, shares: np.ndarray, plan: Plan) -> np.ndarray:
    """Whether the sample ratio's evidence passes its bound at any hour."""
    evidence = np.zeros(len(assigned))
    highest = np.zeros(len(assigned))
    for share in np.unique(shares):
        here = shares == share
        counts, totals = (np.cumsum(a[:, here].reshape(len(a), -1), axis=1, dtype=np.float64) for a in (assigned, n))
        log_e = sample_ratio.log_e_values(counts, totals, float(share), plan.sample_ratio.mismatch)
        highest = np.maximum(highest, evidence + log_e.max(axis=1))
        evidence = evidence + log_e[:, -1]
    return highest >= -np.log(plan.sample_ratio_alpha)


def mismatch_found(plan: Plan, share: float, shift: float, experiments: int, *, seed: int = 2) -> float:
    """Share of experiments in which a planted mismatch is found by the planned number of requests, at 100 looks."""
    rng = np.random.default_rng(seed)
    looks = np.linspace(0, plan.sample_ratio.requests, 101).astype(np.int64)
    counts = np.cumsum(rng.binomial(np.diff(looks), share + shift, (experiments, 100)), axis=1, dtype=np.float64)
    log_e = sample_ratio.log_e_values(counts, looks[1:].astype(np.float64), share, plan.sample_ratio.mismatch)
    return float((log_e >= -np.log(plan.sample_ratio_alpha)).any(axis=1).mean())


def _error_alarm(assigned: np.ndarray, n: np.ndarray, plan: Plan, rng: np.random.Generator) -> np.ndarray:
    alpha, tolerance = plan.guardrail_alpha / _GUARDRAILS, plan.guardrails.error_rate
    served = [assigned, n.astype(np.int64) - assigned]
    counts = [np.cumsum(part.reshape(len(part), -1), axis=1) for part in served]
    errors = [np.cumsum(rng.binomial(p.reshape(len(p), -1), _ERROR_RATE), axis=1) for p in served]
    # Necessary for harm: the challenger's rate is above the tolerance beyond doubt.
    s, f = errors[0].astype(np.float64), (counts[0] - errors[0]).astype(np.float64)
    log_e = betaln(0.5 + s, 0.5 + f) - betaln(0.5, 0.5) - s * np.log(tolerance) - f * np.log1p(-tolerance)
    suspicious = (log_e >= np.log(2 / alpha)) & (s > tolerance * counts[0])
    alarm = np.zeros(len(assigned), dtype=bool)
    for experiment, look in np.argwhere(suspicious):
        if not alarm[experiment]:
            new, old = (
                counts_sequence.confidence_interval(e[experiment, look], c[experiment, look], alpha=alpha / 2)
                for e, c in zip(errors, counts, strict=True)
            )
            alarm[experiment] = new.lower - old.upper > tolerance
    return alarm


def _calibration_alarm(drawn: Draw, plan: Plan) -> np.ndarray:
    alpha, sizes = plan.guardrail_alpha / _GUARDRAILS, drawn.n.sum(axis=2)
    minus, plus = (
        confidence_sequence(sums, sizes, alpha=alpha, mixture=plan.mixture)
        for sums in (drawn.gap_minus, drawn.gap_plus)
    )
    worse = np.maximum(np.minimum(minus.lower, plus.lower), np.minimum(-minus.upper, -plus.upper))
    return (worse > plan.guardrails.calibration).any(axis=1)


def _slice_alarm(drawn: Draw, plan: Plan) -> np.ndarray:
    alpha = plan.guardrail_alpha / _GUARDRAILS / _SLICES
    sums, sizes = (np.moveaxis(values, 2, 1) for values in (drawn.slice_x, drawn.slice_n))
    sequence = confidence_sequence(sums, np.maximum(sizes, 1), alpha=alpha, mixture=plan.mixture)
    is_large = np.cumsum(sizes, axis=-1) >= plan.guardrails.minimum_slice_rows
    return ((sequence.lower > plan.guardrails.slice_log_loss) & is_large).any(axis=(1, 2))


def _daily_alarm(drawn: Draw, plan: Plan) -> np.ndarray:
    alpha = plan.guardrail_alpha / _GUARDRAILS
    n, x, xx = (np.cumsum(values.reshape(len(values), -1), axis=1) for values in (drawn.n, drawn.x, drawn.xx))
    known = n >= mean_sequence.MINIMUM
    mean = np.divide(x, n, out=np.zeros_like(x), where=known)
    deviation = np.sqrt(np.maximum(np.divide(xx, n, out=np.zeros_like(x), where=known) - mean**2, 0))
    widths = {size: mean_sequence.half_width(size, alpha) for size in np.unique(n[known])}
    half = np.zeros_like(n)
    half[known] = np.array([widths[size] for size in n[known]])
    return (known & (mean - deviation * half > plan.guardrails.daily_log_loss)).any(axis=1)
