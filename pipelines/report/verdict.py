"""Say in one headline, one paragraph and four numbers how the run ended, and what to do next."""

from dataclasses import dataclass
from typing import Literal

from pipelines.report.decision import decide
from pipelines.report.documents import RunFolder
from pipelines.report.next_steps import Command, advise, commands
from pipelines.report.run_facts import STARTED, RunFacts, gate_checks
from pipelines.report.wording import compact, count, duration, moment, number, percent, plural

Kind = Literal["registered", "rejected", "failed", "stopped", "unknown"]


@dataclass(frozen=True)
class Figure:
    """A number that matters, with what it means."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Verdict:
    """The top of the page."""

    kind: Kind
    badge: str
    eyebrow: str
    headline: str
    lede: str
    reason: str
    figures: tuple[Figure, ...]
    advice: tuple[str, ...]
    commands: tuple[Command, ...]


BADGES: dict[Kind, str] = {
    "registered": "✓ Registered",
    "rejected": "✕ Rejected by the gate",
    "failed": "✕ Failed",
    "stopped": "■ Stopped",
    "unknown": "? Not known",
}


def judge(run: RunFolder) -> Verdict:
    """Return the verdict on a run, from whatever files it left."""
    facts = RunFacts.of(run)
    kind = _kind(facts)
    return Verdict(
        kind=kind,
        badge=BADGES[kind],
        eyebrow=_eyebrow(facts),
        headline=_headline(kind, facts),
        lede=_lede(kind, facts),
        reason=facts.failure_reason if kind in ("failed", "rejected", "stopped") else "",
        figures=_figures(facts),
        advice=advise(kind, facts),
        commands=commands(kind, facts),
    )


def _kind(facts: RunFacts) -> Kind:
    told = facts.summary.text("verdict").lower()
    if told in ("registered", "rejected", "failed", "stopped"):
        return next(kind for kind in BADGES if kind == told)
    status = facts.status.lower()
    if status.startswith("stop"):
        return "stopped"
    if any(step.kind == "Fail" and step.status in ("Failed", "Succeeded") for step in facts.steps):
        return "rejected"
    if status == "failed" or any(step.status == "Failed" for step in facts.steps):
        return "failed"
    return "registered" if facts.package else "unknown"


def _eyebrow(facts: RunFacts) -> str:
    where = {"local": "simulated on the local AWS", "aws": "run on AWS"}.get(facts.summary.text("target"), "")
    started = facts.summary.moment(STARTED) or facts.execution.moment((*STARTED, "CreationTime"))
    parts = [facts.pipeline, moment(started) if started else "", where]
    return " · ".join(part for part in parts if part)


def _headline(kind: Kind, facts: RunFacts) -> str:
    if kind == "registered":
        state = {"Approved": "is approved", "Rejected": "is registered, but rejected by a reviewer"}
        return f"{facts.package_name} {state.get(facts.approval, 'waits for your approval')}."
    if kind == "rejected":
        checks = [check for check in gate_checks(facts.run) if check.passed is False]
        if checks:
            told = " and ".join(f"{check.name} {number(check.value)} (needed: {check.limit_text})" for check in checks)
            return f"Not good enough to register: {told}."
        return "Not good enough to register."
    failed = next((step for step in facts.steps if step.status == "Failed"), None)
    if kind == "failed":
        return f"The run failed at step {failed.name}." if failed else "The run failed."
    if kind == "stopped":
        return "The run was stopped before its end."
    return "This run left no result."


def _lede(kind: Kind, facts: RunFacts) -> str:
    told = [_quality(facts)]
    if kind in ("failed", "stopped"):
        done = sum(step.status == "Succeeded" for step in facts.steps)
        told.append(f"{plural(done, 'step') if done else 'No step'} had succeeded by then; nothing was registered.")
    if facts.all_cached:
        steps = plural(len(facts.cacheable), "cacheable step")
        told.append(f"Nothing had changed since the last run: all {steps} came from the cache.")
    return " ".join(part for part in told if part)


def _quality(facts: RunFacts) -> str:
    auc, rows, rate = (facts.test.number(name) for name in ("auc", "rows", "base_rate"))
    if auc is None:
        return ""
    flights = f"the {count(rows)} flights" if rows else "the flights"
    late = f", {percent(rate)} of them late" if rate is not None else ""
    ranks = f"the model gives a late flight a higher risk than a punctual one in {percent(auc, 0)} of pairs."
    gain = facts.log_loss_gain
    if gain is None:
        return f"On {flights} of the test month{late}, {ranks}"
    loss = f"Its log loss is {percent(abs(gain))} {'lower' if gain >= 0 else 'higher'} than that of always predicting"
    return f"On {flights} of the test month{late}, {ranks} {loss} the rate of late flights of that month."


def _figures(facts: RunFacts) -> tuple[Figure, ...]:
    test = facts.test
    auc = test.number("auc")
    if auc is None:
        return (_time(facts),) if facts.seconds is not None else ()
    error, base = test.number("auc_standard_error"), facts.base_log_loss
    around = f"± {number(1.96 * error)} (95 %); a coin toss is 0.5" if error else "a coin toss is 0.5, perfect is 1"
    beside = f"base rate alone: {number(base, 4)}" if base else "smaller is better"
    loss = Figure("Log loss", number(test.number("log_loss"), 4), beside)
    return Figure("ROC AUC", number(auc), around), loss, _decision(facts), _time(facts)


def _decision(facts: RunFacts) -> Figure:
    """Return what the model's decisions save, or the Brier score where costs are not known."""
    decision = decide(facts.run["evaluation"].at("threshold"))
    if decision is None or decision.saved is None:
        return Figure("Brier score", number(facts.test.number("brier"), 4), "smaller is better")
    word = "less" if decision.saved >= 0 else "more"
    note = f"than {decision.best} warning, if a missed late flight costs {compact(decision.ratio)} false alarms"
    return Figure("Cost of errors", f"{percent(abs(decision.saved), 0)} {word}", note)


def _time(facts: RunFacts) -> Figure:
    hits = len([step for step in facts.steps if step.cache_hit])
    note = f"{plural(len(facts.ran), 'step')}, {hits or 'none'} from the cache"
    return Figure("Time", duration(facts.seconds), note)
