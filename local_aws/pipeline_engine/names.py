"""Make names as SageMaker Pipelines makes them."""

import secrets
import string

_LOWER = string.ascii_lowercase + string.digits
_MIXED = string.ascii_letters + string.digits
JOB_NAME_LIMIT = 63
TUNING_STEP_CHARACTERS = 7
RANDOM_CHARACTERS = 10
EXECUTION_ID_CHARACTERS = 12


def _pick(alphabet: str, count: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(count))


def execution_id() -> str:
    """Return a new execution id: 12 characters, such as `p4jn9xou8a8s`."""
    return _pick(_LOWER, EXECUTION_ID_CHARACTERS)


def callback_token() -> str:
    """Return a new token for a Callback step: 10 characters."""
    return _pick(_MIXED, RANDOM_CHARACTERS)


def new_name(step_type: str, execution: str, step: str, prefix: str | None = None) -> str:
    """Return a new name for what a step of a type creates."""
    return tuning_job_name(execution, step) if step_type == "Tuning" else job_name(execution, step, prefix)


def job_name(execution: str, step: str, prefix: str | None = None) -> str:
    """Return a new job or model name of at most 63 characters: `pipelines-<execution>-<step>-<random>`.

    A prefix (the SDK's custom job prefix) replaces `pipelines` and the step's name.
    """
    tail = f"-{_pick(_MIXED, RANDOM_CHARACTERS)}"
    head = f"{prefix}-{execution}" if prefix else f"pipelines-{execution}-{step}"
    return _as_resource_name(head, JOB_NAME_LIMIT - len(tail)) + tail


def tuning_job_name(execution: str, step: str) -> str:
    """Return a new tuning job name; SageMaker allows 32 characters, so it has no `pipelines-` in front."""
    return f"{execution}-{_as_resource_name(step, TUNING_STEP_CHARACTERS)}-{_pick(_MIXED, RANDOM_CHARACTERS)}"


def _as_resource_name(text: str, limit: int) -> str:
    """Keep what resource names may hold: step names also allow underscores."""
    return text.replace("_", "-")[:limit].strip("-")
