"""Word why a job failed, as SageMaker words it."""

import signal
from collections.abc import Iterable
from pathlib import Path

MAX_REASON = 1024
SERVER_STOPPED = "InternalServerError: the local AWS was stopped while the job ran"
_TAIL_BYTES = 8192
_SIGNALLED = 128


def algorithm_error(exit_code: int, message: str, log: Path) -> str:
    """Return the failure reason of a container that ended with an exit code other than 0.

    Args:
        exit_code: As the runtime tells it: -n where signal n ended the container.
        message: What the container wrote into its failure file; may be empty.
        log: The container's log, whose last line explains a container that wrote no message (SageMaker itself
            only says "See job logs for more information").
    """
    if exit_code == -signal.SIGKILL:
        reason = (
            "The container was killed by SIGKILL; it may have run out of memory. Please use an instance type with "
            "more memory, or process less data per instance"
        )
    else:
        reason = message.strip() or last_words(log) or "See job logs for more information"
    code = exit_code if exit_code >= 0 else _SIGNALLED - exit_code
    suffix = f", exit code: {code}"
    room = MAX_REASON - len("AlgorithmError: ") - len(suffix)
    return f"AlgorithmError: {reason[:room]}{suffix}"


def time_limit(seconds: float) -> str:
    """Return why a job that ran too long was stopped."""
    return f"MaxRuntimeExceeded: the job ran longer than its MaxRuntimeInSeconds of {seconds} and was stopped"


def first_failure(exit_codes: Iterable[int | None]) -> int | None:
    """Return the index of the container whose failure ended the job; None where all succeeded.

    The peers of a container that failed are ended by a signal: a container with an exit code of its own comes first.
    """
    failed = [(code < 0, number) for number, code in enumerate(exit_codes) if code]
    return min(failed)[1] if failed else None


def last_words(log: Path) -> str:
    """Return the last line of a log that is not blank; for a Python traceback that is the exception."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def read_message(file: Path) -> str:
    """Return what a container wrote about its end, at most 1 KB; empty where it wrote nothing."""
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return stream.read(MAX_REASON * 4).decode(errors="replace").strip()[:MAX_REASON]
