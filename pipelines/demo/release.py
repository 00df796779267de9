"""Follow one release by the deployed state machine, and send it the traffic that it is waiting for."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inference.client import CHALLENGER, CHAMPION, Experiment, VariantClient, weights_of
from pipelines.demo.clock import LocalClock
from pipelines.demo.objects import Objects
from pipelines.demo.traffic import Day, Sent, send_day, tell_truth
from pipelines.errors import ExecutionFailedError
from pipelines.targets import Target

LOOK_STATE = "WaitForLook"
_SETTLED_SECONDS = 300
_POLL = 0.2
_CHUNKS = 4
_DAY = timedelta(days=1)


@dataclass
class Story:
    """What happened in one release.

    Attributes:
        experiment: Name that assignment and judge know it by.
        states: States visited, in order.
        weights: Traffic weights over time: when, champion, challenger.
        requests: Variant → answered requests.
        verdicts: What the judge said, look by look.
    """

    name: str
    experiment: str
    execution: str = ""
    status: str = ""
    failure: str = ""
    states: list[str] = field(default_factory=list)
    weights: list[tuple[datetime, float, float]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    days: list[str] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    picture: str = ""


class Releases:
    """Releases on one target, one after the other.

    Args:
        facts: The stack output `Release`.
    """

    def __init__(self, target: Target, facts: dict[str, str], clock: LocalClock) -> None:
        self._facts, self._clock = facts, clock
        self._runtime = target.client("sagemaker-runtime")
        self._objects = Objects(target.client("s3"))
        self._sfn = target.client("stepfunctions")
        self._sagemaker = target.client("sagemaker")

    def run(self, name: str, package: str, days: Iterator[Day]) -> Story:
        """Approve a package and follow its release to the end, a day of traffic before each look.

        Raises:
            ExecutionFailedError: The approval starts no execution, or there are no more days.
        """
        story = Story(name, f"release-v{package.rpartition('/')[2]}", self._approve(package))
        while not self._rests(story):
            day = next(days, None)
            if day is None:
                raise ExecutionFailedError(f"{name}: the experiment was not decided on all days there are")
            self._live_through(story, day)
        self._note_end(story)
        return story

    def weights(self) -> dict[str, float]:
        """Return the current weight of each variant."""
        return weights_of(self._sagemaker.describe_endpoint(EndpointName=self._facts["endpoint"]))

    def _approve(self, package: str) -> str:
        known = {item["executionArn"] for item in self._executions()}
        self._sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            new = [item["executionArn"] for item in self._executions() if item["executionArn"] not in known]
            if new:
                return str(new[0])
            time.sleep(_POLL)
        raise ExecutionFailedError(f"the approval of {package} started no execution of the release workflow")

    def _executions(self) -> list[dict[str, Any]]:
        found = self._sfn.list_executions(stateMachineArn=self._facts["release_machine"])["executions"]
        return list(found)

    def _rests(self, story: Story) -> bool:
        """Wait until the machine is over (True) or waits for the next look (False)."""
        while True:
            execution = self._sfn.describe_execution(executionArn=story.execution)
            if execution["status"] != "RUNNING":
                return True
            if self._last_state(story.execution) == LOOK_STATE:
                return False
            time.sleep(_POLL)

    def _last_state(self, execution: str) -> str:
        history = self._sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=20)
        entered = [event for event in history["events"] if event["type"].endswith("StateEntered")]
        return str(entered[0]["stateEnteredEventDetails"]["name"]) if entered else ""

    def _live_through(self, story: Story, day: Day) -> None:
        started = self._clock.now()
        weights = self.weights()
        story.weights.append((started, weights.get(CHAMPION, 0.0), weights.get(CHALLENGER, 0.0)))
        story.days.append(day.date)
        size = -(-len(day.flights) // _CHUNKS)
        for chunk in range(_CHUNKS):
            self._clock.advance_to(started + _DAY * (chunk + 0.5) / (_CHUNKS + 1))
            sent = self._send_some(story.experiment, day, slice(chunk * size, (chunk + 1) * size), weights)
            story.requests += sent.by_variant
            story.errors += sent.errors
        uri = f"s3://{self._facts['capture_bucket']}/ground-truth/{self._facts['endpoint']}"
        self._clock.advance_to(started + _DAY - timedelta(hours=1))
        tell_truth(self._objects, uri, day, self._clock.now())
        self._clock.advance_to(started + _DAY + timedelta(seconds=1))
        self._wait_until_it_moves(story)

    def _send_some(self, experiment: str, day: Day, flights: slice, weights: dict[str, float]) -> Sent:
        client = VariantClient(self._runtime, self._facts["endpoint"], Experiment(experiment, weights))

        def send(flight: str, body: bytes) -> str:
            answer = client.invoke(flight, body, inference_id=flight)
            answer.response["Body"].read()
            return answer.variant

        return send_day(day, send, flights=flights)

    def _wait_until_it_moves(self, story: Story) -> None:
        end = time.monotonic() + _SETTLED_SECONDS
        while self._last_state(story.execution) == LOOK_STATE and time.monotonic() < end:
            time.sleep(_POLL)

    def _note_end(self, story: Story) -> None:
        execution = self._sfn.describe_execution(executionArn=story.execution)
        story.status, story.failure = execution["status"], execution.get("cause", "")
        if story.status != "SUCCEEDED" and not story.days:
            raise ExecutionFailedError(f"{story.name}: the release ended as {story.status}: {story.failure}")
        pages = self._sfn.get_paginator("get_execution_history").paginate(executionArn=story.execution)
        events = [event for page in pages for event in page["events"] if event["type"].endswith("StateEntered")]
        story.states = [event["stateEnteredEventDetails"]["name"] for event in events]
        weights = self.weights()
        story.weights.append((self._clock.now(), weights.get(CHAMPION, 0.0), weights.get(CHALLENGER, 0.0)))
        self._read_verdicts(story)

    def _read_verdicts(self, story: Story) -> None:
        files = self._objects.list(f"s3://{self._facts['capture_bucket']}/experiments/{story.experiment}/verdicts")
        told = [json.loads(self._objects.read(file)) for file in files if file.endswith("/verdict.json")]
        story.verdicts = sorted(told, key=lambda verdict: int(verdict["look"]))
        pictures = sorted((file for file in files if file.endswith(".svg")), key=_look_of)
        story.picture = self._objects.read(pictures[-1]).decode() if pictures else ""


def _look_of(file: str) -> int:
    """Return the number of the look whose folder a file lies in."""
    return int(file.split("/")[-2])
