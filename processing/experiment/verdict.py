"""From the evidence to a verdict: continue, promote or abandon, with reasons.

The rules, the first match decides:

1. sample ratio    the variants did not get their planned shares → abandon: something selects, no comparison holds
2. guardrail       one is harmed beyond doubt → abandon
3. quality         the challenger is surely worse → abandon; surely better → promote, if the guardrails, the number of
                   days and the challenger's own traffic allow; otherwise wait for these
4. futility        an improvement of the planned size is excluded → abandon
5. duration        the planned time is over without proof → abandon: an unproven model has no claim on the users
6. otherwise       continue
"""

from collections.abc import Sequence
from dataclasses import dataclass

from processing.experiment.guardrails import HARM, Guardrail
from processing.experiment.plan import Plan

CONTINUE, PROMOTE, ABANDON = "continue", "promote", "abandon"


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        days: Closed days with judged requests.
        elapsed_days: Closed days since the start, judged or not.
        estimate: Log loss of the challenger minus the champion's.
        lower: Lower end of its always-valid interval.
        upper: Upper end.
        guardrails: All of them.
        ratio_is_wrong: Whether the sample ratio is not the planned one.
        served: Requests that the challenger answered.
        is_faithful: Whether the served models are those that were compared.
    """

    days: int
    elapsed_days: int
    estimate: float
    lower: float
    upper: float
    guardrails: Sequence[Guardrail]
    ratio_is_wrong: bool
    served: int
    is_faithful: bool = True


@dataclass(frozen=True)
class Verdict:
    """What to do, what decided it, and why."""

    verdict: str
    decided_by: str
    reasons: tuple[str, ...]


def decide(evidence: Evidence, plan: Plan) -> Verdict:
    """Apply the rules."""
    harmed = [guardrail for guardrail in evidence.guardrails if guardrail.status == HARM]
    if evidence.ratio_is_wrong:
        reason = "the variants did not get their planned shares of the requests: something selects who reaches which"
        return Verdict(ABANDON, "sample_ratio", (reason,))
    if harmed:
        return Verdict(ABANDON, "guardrail", tuple(_harm(guardrail) for guardrail in harmed))
    return _by_quality(evidence, plan) or _by_duration(evidence, plan)


def _by_quality(evidence: Evidence, plan: Plan) -> Verdict | None:
    """The verdict if the difference of quality is beyond doubt."""
    said = _said(evidence)
    if evidence.lower > plan.margin:
        return Verdict(ABANDON, "quality", (f"the challenger's log loss is surely worse: {said}",))
    if evidence.upper < plan.margin:
        missing = _missing(evidence, plan)
        proven = f"the challenger's log loss is surely better: {said}"
        return Verdict(CONTINUE, "none", (proven, *missing)) if missing else Verdict(PROMOTE, "quality", (proven,))
    return None


def _by_duration(evidence: Evidence, plan: Plan) -> Verdict:
    """The verdict while nothing is proven."""
    said = _said(evidence)
    if plan.margin <= 0 and evidence.lower > -plan.minimum_effect:
        reason = f"an improvement by the planned {plan.minimum_effect:g} is excluded: {said}"
        return Verdict(ABANDON, "futility", (reason,))
    if evidence.elapsed_days >= plan.maximum_days:
        reason = f"{plan.maximum_days} days have passed without proof that the challenger is better: {said}"
        return Verdict(ABANDON, "maximum_duration", (reason,))
    return Verdict(CONTINUE, "none", (f"not decided yet: {said}",))


def _missing(evidence: Evidence, plan: Plan) -> list[str]:
    """What a promotion still waits for."""
    missing = []
    if evidence.days < plan.minimum_days:
        missing.append(f"waits for {plan.minimum_days} closed days, {evidence.days} are")
    if evidence.served < plan.minimum_challenger_requests:
        missing.append(
            f"waits for {plan.minimum_challenger_requests} requests answered by the challenger, {evidence.served} are"
        )
    if not evidence.is_faithful:
        missing.append("the endpoint's answers are not those of the compared archives: check which models are served")
    return missing


def _said(evidence: Evidence) -> str:
    if not evidence.days:
        return "no closed day has ground truth yet"
    interval = f"{_number(evidence.lower)} to {_number(evidence.upper)}"
    days = "1 day" if evidence.days == 1 else f"{evidence.days} days"
    return f"difference {evidence.estimate:+.5f}, always-valid interval {interval}, over {days}"


def _harm(guardrail: Guardrail) -> str:
    lower = "unknown" if guardrail.lower is None else f"{guardrail.lower:.4g}"
    return f"{guardrail.name} is at least {lower}, allowed is {guardrail.tolerance:g}: {guardrail.detail}"


def _number(value: float) -> str:
    return f"{value:+.5f}" if abs(value) < float("inf") else "unbounded"
