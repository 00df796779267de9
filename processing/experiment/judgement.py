"""Judge an experiment: from the requests' arrays to the document of verdict.json, without reading or writing files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.experiment import sample_ratio
from processing.experiment.comparison import compare, log_losses
from processing.experiment.guardrails import finite, judge_guardrails
from processing.experiment.metrics_file import Metrics
from processing.experiment.moments import day_number, day_start
from processing.experiment.plan import PAIRED, SPLIT, Plan
from processing.experiment.requests import VARIANTS, Requests
from processing.experiment.sample_ratio import Stretch
from processing.experiment.verdict import CONTINUE, Evidence, Verdict, decide
from processing.metrics import Floats, log_loss

SCHEMA_VERSION = 1
_SAME_ANSWER = 1e-4
_MOST_DIFFERING = 0.01
_FEWEST_FOR_FAITH = 20
# A state machine holds 256 KB.
_MOST_DAYS = 200


@dataclass(frozen=True)
class Look:
    """When and for the how manieth time the experiment is looked at."""

    number: int
    now: datetime | None
    started_at: datetime | None


def judge(requests: Requests, metrics: Metrics, plan: Plan, look: Look) -> dict[str, Any]:
    """The verdict document."""
    comparisons = {kind: _compared(requests, plan, kind) for kind in (PAIRED, SPLIT)}
    quality = comparisons[plan.comparison]
    guardrails, slices = judge_guardrails(requests, metrics, plan)
    ratio = _sample_ratio(requests, metrics, plan)
    parity = _serving_parity(requests)
    evidence = Evidence(
        days=quality["days"],
        elapsed_days=_elapsed_days(requests, plan, look),
        estimate=quality["estimate"] or 0.0,
        lower=-np.inf if quality["lower"] is None else quality["lower"],
        upper=np.inf if quality["upper"] is None else quality["upper"],
        guardrails=guardrails,
        ratio_is_wrong=ratio["is_mismatch"],
        served=int((requests.served == 1).sum()),
        is_faithful=parity["is_faithful"],
    )
    verdict = decide(evidence, plan)
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment": plan.experiment,
        "look": look.number,
        "now": _iso(look.now),
        "started_at": _iso(look.started_at),
        "verdict": verdict.verdict,
        "decided_by": verdict.decided_by,
        "reason": "; ".join(verdict.reasons),
        "reasons": list(verdict.reasons),
        "ramp": "advance" if _may_advance(requests, verdict, plan) else "hold",
        "closed_days": evidence.elapsed_days,
        "variants": {name: _variant(requests, metrics, plan, code) for code, name in enumerate(VARIANTS)},
        "sample_ratio": ratio,
        "quality": quality,
        "paired": _without_sequence(comparisons[PAIRED]),
        "split": _without_sequence(comparisons[SPLIT]),
        "guardrails": [asdict(guardrail) for guardrail in guardrails],
        "slices": slices,
        "serving_parity": parity,
        "data": {**_data_range(requests), **requests.counts, "metrics_problem": metrics.problem},
        "plan": _plan_in_short(plan),
    }


def _compared(requests: Requests, plan: Plan, comparison: str) -> dict[str, Any]:
    sums = compare(requests, log_losses(requests, comparison), comparison, requests.judged)
    found: dict[str, Any] = {"comparison": comparison, "metric": "log_loss", "alpha": plan.quality_alpha}
    if not len(sums.days):
        empty: dict[str, Any] = {
            "estimate": None,
            "lower": None,
            "upper": None,
            "days": 0,
            "requests": 0,
            "sequence": [],
        }
        return {**found, **empty}
    sequence = sums.sequence(plan.quality_alpha, plan.mixture)
    entries = [
        {
            "day": day_start(int(day), plan.day_starts_at_utc_hour).date().isoformat(),
            "requests": int(sums.requests[place]),
            "of_the_day": round(float(sums.sums[place] / sums.sizes[place]), 7),
            "estimate": round(float(sequence.estimate[place]), 7),
            "lower": _rounded(sequence.lower[place]),
            "upper": _rounded(sequence.upper[place]),
        }
        for place, day in enumerate(sums.days)
    ]
    last = {name: entries[-1][name] for name in ("estimate", "lower", "upper")}
    return {
        **found,
        **last,
        "days": len(entries),
        "requests": int(sums.requests.sum()),
        "sequence": entries[-_MOST_DAYS:],
    }


def _sample_ratio(requests: Requests, metrics: Metrics, plan: Plan) -> dict[str, Any]:
    shares = _planned_shares(requests, metrics)
    known = requests.first_rows & (requests.assigned >= 0) & (shares > 0) & (shares < 1)
    stretches = [_stretch(requests.assigned[known & (shares == share)], share) for share in np.unique(shares[known])]
    result = sample_ratio.check(stretches, alpha=plan.sample_ratio_alpha, mismatch=plan.sample_ratio.mismatch)
    total = int(known.sum())
    challenger = sum(stretch.counts["challenger"] for stretch in stretches)
    wanted = sum(stretch.shares["challenger"] * sum(stretch.counts.values()) for stretch in stretches)
    detail = f"challenger got {challenger:,} of {total:,} requests, planned were {wanted:,.0f}"
    if not total:
        detail = "no request tells the share that was planned (CustomAttributes share=…, or Allocations)"
    return {
        "status": "mismatch" if result.is_mismatch else "ok" if total else "not_measured",
        "is_mismatch": result.is_mismatch,
        "p_value": result.p_value,
        "log_e_value": result.log_e_value,
        "alpha": plan.sample_ratio_alpha,
        "fixed_sample_p_value": result.fixed_p_value,
        "requests": total,
        "challenger": challenger,
        "expected_challenger": wanted,
        "stretches": [
            {"challenger_share": stretch.shares["challenger"], **stretch.counts} for stretch in stretches[-20:]
        ],
        "detail": f"{detail}; always-valid p-value {result.p_value:.3g}, alarm below {plan.sample_ratio_alpha:g}",
    }


def _planned_shares(requests: Requests, metrics: Metrics) -> Floats:
    """The share that the client declared, else that of the ramp's history; unknown ones are not judged."""
    shares = requests.shares.copy()
    unknown = np.isnan(shares)
    if metrics.allocations:
        since = np.array([moment.timestamp() for moment, _ in metrics.allocations])
        values = np.array([np.nan, *(share for _, share in metrics.allocations)])
        shares[unknown] = values[np.searchsorted(since, requests.moments[unknown], side="right")]
    return np.round(shares, 6)


def _stretch(assigned: NDArray[np.int64], share: float) -> Stretch:
    counts = dict(zip(VARIANTS, np.bincount(assigned, minlength=2).tolist(), strict=True))
    return Stretch(counts, dict(zip(VARIANTS, (1 - float(share), float(share)), strict=True)))


def _serving_parity(requests: Requests) -> dict[str, Any]:
    """Are the answers those of the archives? Otherwise another model is served than is compared."""
    said = np.where(requests.served == 1, requests.scores["challenger"], requests.scores["champion"])
    known = (requests.served >= 0) & ~np.isnan(said)
    differences = np.abs(said[known] - requests.answers[known])
    differing = float((differences > _SAME_ANSWER).mean()) if len(differences) else 0.0
    return {
        "rows": int(known.sum()),
        "largest_difference": float(differences.max()) if len(differences) else None,
        "differing_share": differing,
        "is_faithful": len(differences) < _FEWEST_FOR_FAITH or differing <= _MOST_DIFFERING,
    }


def _may_advance(requests: Requests, verdict: Verdict, plan: Plan) -> bool:
    """This step of the ramp has shown the challenger enough requests."""
    if verdict.verdict != CONTINUE:
        return False
    known = ~np.isnan(requests.shares)
    here = requests.served == 1
    if known.any():
        share = requests.shares[known][-1]
        if share == 0:
            return True
        here = here & (requests.shares == share)
    return bool(here.sum() >= plan.minimum_requests_per_step)


def _variant(requests: Requests, metrics: Metrics, plan: Plan, code: int) -> dict[str, Any]:
    mine = requests.served == code
    judged = mine & requests.judged
    counted = metrics.counted(VARIANTS[code], plan.guardrails.latency_p99_microseconds)
    labels, answers = requests.labels[judged], requests.answers[judged]
    return {
        "requests": int((mine & requests.first_rows).sum()),
        "rows": int(mine.sum()),
        "assigned": int(((requests.assigned == code) & requests.first_rows).sum()),
        "fallbacks": int((mine & requests.fallbacks).sum()),
        "labelled": int((mine & ~np.isnan(requests.labels)).sum()),
        "unlabelled": int((mine & np.isnan(requests.labels)).sum()),
        "unlabelled_in_closed_days": int((mine & requests.closed & np.isnan(requests.labels)).sum()),
        "judged": int(judged.sum()),
        "mean_prediction": float(answers.mean()) if len(answers) else None,
        "base_rate": float(labels.mean()) if len(labels) else None,
        "log_loss": _mean_loss(labels, answers),
        "invocations": None if counted is None else counted.invocations,
        "errors": None if counted is None else counted.errors,
        "p99_microseconds": None if counted is None else counted.p99_microseconds,
    }


def _mean_loss(labels: Floats, answers: Floats) -> float | None:
    return log_loss(labels.astype(np.int8), answers) if len(labels) else None


def _elapsed_days(requests: Requests, plan: Plan, look: Look) -> int:
    """Closed days since the start, with or without ground truth."""
    if look.now is None or not (look.started_at or len(requests.days)):
        return 0
    starts = plan.day_starts_at_utc_hour
    first = day_number(look.started_at, starts) if look.started_at else int(requests.days.min())
    closed_until = look.now.timestamp() - 3600 * plan.label_delay_hours
    return max(0, day_number(datetime.fromtimestamp(closed_until, tz=look.now.tzinfo), starts) - first)


def _data_range(requests: Requests) -> dict[str, Any]:
    if not len(requests.moments):
        return {"first_request": None, "last_request": None}
    ends = (requests.moments[0], requests.moments[-1])
    return dict(zip(("first_request", "last_request"), (_iso_of(float(end)) for end in ends), strict=True))


def _plan_in_short(plan: Plan) -> dict[str, Any]:
    document = plan.to_dict()
    return {name: value for name, value in document.items() if name not in ("planned", "schema_version")}


def _without_sequence(compared: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in compared.items() if name != "sequence"}


def _rounded(value: float) -> float | None:
    known = finite(value)
    return None if known is None else round(known, 7)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _iso_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
