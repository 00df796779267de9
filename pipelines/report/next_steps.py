"""Say what to do next: advice drawn from the words of a failure, and commands to type."""

import re
from dataclasses import dataclass

from pipelines.report.run_facts import RunFacts

_CLI = ".venv/bin/python -m pipelines"

# What the words of a failure reason tell about what to do; the first match counts.
_ADVICE = (
    (
        "rows were rejected|MaxRejectedFraction|rejected",
        "Read which rows were rejected, and why, in the log. Mend the raw file, or raise `MaxRejectedFraction`.",
    ),
    (
        "[Pp]arquet|column|schema",
        "Compare the raw file with the schema in `usecase/schema.py`; mend it and land it again.",
    ),
    (
        "[Nn]o S3 objects|404|NoSuchKey|does not exist|no object",
        "Check `RawDataUri` and `DataVersion` of the execution: an input prefix holds no object.",
    ),
    (
        "MaxRuntime|[Tt]ime limit",
        "The job ran past its time limit: raise `max_seconds` of the step in `pipelines/settings.py`, or search less.",
    ),
    (
        "SIGKILL|137|[Mm]emory|OOM",
        "The process was killed, most often for want of memory: close other programs, or take a larger instance.",
    ),
    ("AccessDenied|not authorized", "A role lacks a permission: the message names the action and the resource."),
)
_AGAIN = "Run again after mending: steps that had finished come from the cache."


@dataclass(frozen=True)
class Command:
    """Something to type next, and why."""

    why: str
    line: str


def advise(kind: str, facts: RunFacts) -> tuple[str, ...]:
    """Return what to do after a run that ended badly."""
    if kind == "failed":
        matches = [advice for pattern, advice in _ADVICE if re.search(pattern, facts.failure_reason)]
        log = "Read the log of the step (command below)." if facts.failed_job else "Read the message above."
        return (*matches[:1], log, _AGAIN)
    if kind == "rejected":
        longer = "Search longer with `make run BUDGET=full`; lower the floor only with a reason."
        return "See below against what, and for which flights, the model falls short.", longer
    return (_AGAIN,) if kind == "stopped" else ()


def commands(kind: str, facts: RunFacts) -> tuple[Command, ...]:
    """Return the commands that make sense now."""
    name = facts.summary.text("target")
    remote = f" --target {name}" if name not in ("", "local") else ""
    found = []
    if kind == "registered" and facts.approval != "Approved":
        version = facts.package.rpartition("/")[2]
        found.append(Command("Approve this version for deployment", f"{_CLI} approve{remote} {version}"))
    if facts.failed_job:
        found.append(Command(f"Read the log of {facts.failed_job}", f"{_CLI} logs{remote} {facts.failed_job}"))
    elif facts.ran:
        found.append(Command("Read the log of a step", f"{_CLI} logs{remote} {facts.ran[0].name}"))
    found.append(Command("See status and steps of the execution", f"{_CLI} steps{remote}"))
    found.append(Command("Run again: what has not changed comes from the cache", "make run"))
    return (*found, *([] if remote else [Command("End the local AWS", "make down")]))
