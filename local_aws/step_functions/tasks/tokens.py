"""Hand out task tokens, and wait until somebody answers them."""

import base64
import json
import uuid
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.step_functions.errors import HEARTBEAT, TIMEOUT, StatesError, states_api_error
from local_aws.step_functions.run import Branch
from local_aws.store import Key, Record

TOKEN = "states-task-token"  # noqa: S105 - the kind of a record
_POLL_SECONDS = 0.1


def new_token() -> str:
    """Return a token that nobody can guess."""
    return base64.b64encode(f"{uuid.uuid4()}{uuid.uuid4()}".encode()).decode()


def open_token(branch: Branch, token: str) -> None:
    """Let a token be answered from now on."""
    now = branch.run.plane.clock.time()
    branch.run.plane.store.insert(_key(branch, token), {"status": "WAITING", "opened": now, "beat": now})


def wait(branch: Branch, token: str, *, timeout: float | None, heartbeat: float | None) -> Any:
    """Return the output with which the token was answered; timeouts are local time.

    Raises:
        StatesError: The answer was a failure, or the time or a heartbeat is over.
        InterruptedFlowError: The flow is to end.
    """
    plane, key = branch.run.plane, _key(branch, token)
    while not (answer := plane.store.wait(key, lambda record: record["status"] != "WAITING", _POLL_SECONDS)):
        branch.check()
        now, record = plane.clock.time(), plane.store.get(key) or {}
        if timeout is not None and now - record["opened"] >= timeout:
            plane.store.delete(key)
            raise StatesError(TIMEOUT, f"No answer to the task token came within {timeout:g} seconds")
        if heartbeat is not None and now - record["beat"] >= heartbeat:
            plane.store.delete(key)
            raise StatesError(HEARTBEAT, f"No heartbeat came within {heartbeat:g} seconds")
    plane.store.delete(key)
    if answer["status"] == "FAILED":
        raise StatesError(answer.get("error", ""), answer.get("cause", ""))
    return json.loads(answer["output"])


def answer(plane: DataPlane, key: Key, **members: Any) -> None:
    """Change what a token's record says, as SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat do.

    Raises:
        ApiError: TaskTimedOut: nobody waits for the token any longer; or it was answered already.
    """
    gone = states_api_error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")

    def change(record: Record) -> None:
        if record["status"] != "WAITING":
            raise gone
        record.update(members)

    try:
        plane.store.update(key, change)
    except KeyError as err:
        raise gone from err


def _key(branch: Branch, token: str) -> Key:
    return Key(TOKEN, token, branch.run.key.account_id, branch.run.key.region)
