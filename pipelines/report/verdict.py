"""Say in one headline, one paragraph and four numbers how the run ended, and what to do next."""

import re
from dataclasses import dataclass
from typing import Literal

from pipelines.report.documents import RunFolder
from pipelines.report.run_facts import STARTED, RunFacts, gate_checks
from pipelines.report.wording import count, duration, moment, number, percent, plural

Kind = Literal["registered", "rejected", "failed", "stopped", "unknown"]


@dataclass(frozen=True)
class Figure:
    """A number that matters, with what it means."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Command:
    """Something to type next, and why."""

    why: str
    line: str


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

# What the text of a failure reason tells about what to do, first match counts.
_ADVICE = (
    (r"rejected|MaxRejectedFraction", "Read the rejected rows and their reasons (output `rejected/` of Prepare); mend the raw file, or start again with a higher `MaxRejectedFraction` if the loss is acceptable."),
    (r"[Pp]arquet|column|schema", "Compare the raw file with the schema in `usecase/`; load the raw zone again with `make run` after mending it."),
    (r"[Nn]o S3 objects|404|NoSuchKey|does not exist", "Check `RawDataUri` and `DataVersion` of the execution: the input prefix holds no object."),
    (r"MaxRuntime|[Tt]ime limit", "The job ran past its limit: raise `max_seconds` of the step in `pipelines/settings.py`, or reduce the budget."),
    (r"SIGKILL|137|[Mm]emory", "The process was killed, most often for want of memory: look at the peak memory in the data report, take a larger instance."),
    (r"AccessDenied|not authorized", "A role lacks a permission: the message names action and resource."),
)  # fmt: skip


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
        advice=_advice(kind, facts),
        commands=_commands(kind, facts),
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
    test, told = facts.test, []
    auc, rows = test.number("auc"), test.number("rows")
    if auc is not None:
        flights = f"the {count(rows)} flights of the test month" if rows else "the flights of the test month"
        rate = f", {percent(test.number('base_rate'))} of them late" if test.number("base_rate") is not None else ""
        told.append(
            f"On {flights}{rate}, the model gives a late flight a higher risk than a punctual one in {percent(auc, 0)} of pairs."
        )
    gain = facts.log_loss_gain
    if gain is not None:
        word = "lower" if gain >= 0 else "higher"
        told.append(
            f"Its log loss is {percent(abs(gain))} {word} than that of always predicting the month’s own rate of late flights."
        )
    if kind in ("failed", "stopped"):
        done = sum(step.status == "Succeeded" for step in facts.steps)
        told.append(f"{plural(done, 'step')} had succeeded; nothing was registered." if not facts.package else "")
    if facts.all_cached:
        told.append(
            f"Nothing had changed since the last run: all {len(facts.cacheable)} cacheable steps came from the cache."
        )
    return " ".join(part for part in told if part)


def _figures(facts: RunFacts) -> tuple[Figure, ...]:
    test = facts.test
    if test.number("auc") is None:
        return (_time(facts),) if facts.seconds is not None else ()
    error = test.number("auc_standard_error")
    around = (
        f"± {number(1.96 * error)} (95 %); a coin toss is 0.5" if error else "a coin toss is 0.5, perfect is 1"
    )
    base = facts.base_log_loss
    rate = test.number("base_rate")
    return (
        Figure("ROC AUC", number(test.number("auc")), around),
        Figure("Log loss", number(test.number("log_loss"), 4), f"base rate alone: {number(base, 4)}" if base else "smaller is better"),
        Figure("Brier score", number(test.number("brier"), 4), f"base rate alone: {number(rate * (1 - rate), 4)}" if rate else "smaller is better"),
        _time(facts),
    )  # fmt: skip


def _time(facts: RunFacts) -> Figure:
    hits = len([step for step in facts.steps if step.cache_hit])
    note = f"{plural(len(facts.ran), 'step')}, {hits or 'none'} from the cache"
    return Figure("Time", duration(facts.seconds), note)


def _advice(kind: Kind, facts: RunFacts) -> tuple[str, ...]:
    if kind == "failed":
        matches = [advice for pattern, advice in _ADVICE if re.search(pattern, facts.failure_reason)]
        return (
            *matches[:1],
            "Read the step’s log (command below); after mending, run again: finished steps come from the cache.",
        )
    if kind == "rejected":
        return (
            "Look at the curves and slices below for what got worse.",
            "Search longer with `make run BUDGET=full`, or lower the floor only with a reason.",
        )
    if kind == "stopped":
        return ("Run again: finished steps come from the cache.",)
    return ()  # fmt: skip


def _commands(kind: Kind, facts: RunFacts) -> tuple[Command, ...]:
    target = "" if facts.summary.text("target") in ("", "local") else f" --target {facts.summary.text('target')}"
    cli = ".venv/bin/python -m pipelines"
    failed = next((step.name for step in facts.steps if step.status == "Failed" and step.kind != "Fail"), "")
    commands = [
        Command("Approve this version for deployment", f"{cli} approve{target} {facts.package.rpartition('/')[2]}") if kind == "registered" and facts.approval != "Approved" else None,
        Command(f"Read the log of {failed}", f"{cli} logs{target} {failed}") if failed else Command("Read the logs of the jobs", f"{cli} logs{target}"),
        Command("See status and steps of the execution", f"{cli} steps{target}"),
        Command("Run again: what has not changed comes from the cache", "make run"),
        Command("End the local AWS", "make down") if not target else None,
    ]  # fmt: skip
    return tuple(command for command in commands if command)

