"""Run one execution without a server: services answer from a script, and a day passes in a second."""

import json
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws.clock import Clock
from local_aws.data_plane import DataPlane
from local_aws.settings import Settings
from local_aws.step_functions import execution
from local_aws.step_functions.records import execution_key
from local_aws.store import Record, Store

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
_SPEED = 3600


class Answers:
    """A client of any service that gives scripted answers in turn."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self._answers, self.requests = list(answers), list[dict[str, Any]]()

    def __call__(self, *_: Any, **__: Any) -> "Answers":
        return self

    def get_parameter(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if "error" in answer:
            details = {"Code": answer["error"], "Message": "no"}
            raise ClientError({"Error": details, "ResponseMetadata": {"HTTPStatusCode": 400}}, "GetParameter")  # type: ignore[typeddict-item]
        return answer


class Engine:
    """The interpreter on a clock that runs fast."""

    def __init__(self, root: Path, answers: list[dict[str, Any]]) -> None:
        self.answers = Answers(answers)
        clock = Clock()
        clock.speed = _SPEED
        self.plane = DataPlane(
            settings=Settings(root=root),
            store=Store(),
            containers=None,  # type: ignore[arg-type]
            client=self.answers,  # type: ignore[arg-type]
            contents=None,  # type: ignore[arg-type]
            spawn=lambda _, function: function(),
            clock=clock,
        )

    def run(self, states: dict[str, Any], given: Any) -> tuple[Record, float]:
        """Return the execution's record at its end, and the local seconds it took beyond its computing."""
        arn = MACHINE.replace("stateMachine", "execution") + ":execution"
        record = {
            "executionArn": arn,
            "stateMachineArn": MACHINE,
            "name": "execution",
            "status": "RUNNING",
            "startDate": self.plane.clock.now(),
            "input": json.dumps(given),
            "redriveCount": 0,
            "_started": self.plane.clock.time(),
            "_definition": json.dumps({"StartAt": next(iter(states)), "States": states}),
            "_role_arn": "arn:aws:iam::123456789012:role/machine",
            "_logging": {},
        }
        key = execution_key(arn)
        self.plane.store.insert(key, record)
        waited = _Waits(self.plane.clock)
        execution.run_here(self.plane, key)
        return self.plane.store.get(key) or {}, waited.seconds


class _Waits:
    """Count how long a clock was waited for."""

    def __init__(self, clock: Clock) -> None:
        self.seconds, self._wait = 0.0, clock.wait
        clock.wait = self.wait  # type: ignore[method-assign]

    def wait(self, seconds: float, stop: Any = None) -> bool:
        started = time.monotonic()
        stopped = self._wait(seconds, stop)
        assert time.monotonic() - started < 10, "the clock should run fast"
        self.seconds += seconds
        return stopped
