"""Replay December on the clock of the local AWS: requests, labels, nights, faults and their mending."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from inference.client import CHAMPION, Experiment, VariantClient
from pipelines.demo.clock import LocalClock
from pipelines.demo.objects import Objects
from pipelines.demo.traffic import Day, send_day
from pipelines.demo_drift.breakage import Breakage
from pipelines.demo_drift.scenarios import CAPTURE_STOPPED, LATE_LABELS, Scenario, planted_on
from pipelines.demo_drift.story import RUN_HOUR, Portion, Raised, Story
from pipelines.demo_drift.truth import GroundTruth, as_jsonl, labels_of
from pipelines.demo_drift.watch import Watch
from pipelines.targets import Target

_DAY_HOURS = 24
_EVALUATED = timedelta(minutes=6)
"""An alarm looks at five minutes, once a minute."""
_FIRST_HOUR = _PORTION_HOURS = 3
"""From when on, and in portions of how many hours, a day is sent."""
_LABELS_LATE_HOURS = 60

Say = Callable[[str], None]


class Replay:
    """One replay on one target.

    Args:
        facts: The stack output `Release`.
        breakages: Scenario → what goes wrong with the platform itself.
    """

    def __init__(
        self,
        target: Target,
        facts: dict[str, Any],
        clock: LocalClock,
        watch: Watch,
        *,
        breakages: dict[str, Breakage],
        say: Say,
    ) -> None:
        self._clock, self._watch, self._breakages, self._say = clock, watch, breakages, say
        runtime, endpoint = target.client("sagemaker-runtime"), facts["endpoint"]
        self._client = VariantClient(runtime, endpoint, Experiment("replay", {CHAMPION: 1.0}))
        self._objects = Objects(target.client("s3"))
        self._truth_uri = f"s3://{facts['capture_bucket']}/ground-truth/{endpoint}"
        self._truth = GroundTruth()
        self._broken: Breakage | None = None

    def run(self, days: Sequence[Day]) -> Story:
        """Replay the days from the next midnight on, and the night after the last."""
        start = (self._clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self._clock.advance_to(start)
        story = Story(start, len(days))
        for number, day in enumerate(days, start=1):
            self._night(story, number)
            self._live_through(story, number, day)
        self._night(story, len(days) + 1)
        return story

    @contextmanager
    def _timed(self, story: Story, part: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        story.seconds[part] = story.seconds.get(part, 0.0) + time.monotonic() - began

    def _night(self, story: Story, day: int) -> None:
        """Let the schedule fire at the night that begins a day, and the alarms look at what the monitors found."""
        due = story.midnight(day) + timedelta(hours=RUN_HOUR)
        with self._timed(story, "clock"):
            self._clock.advance_to(due + timedelta(seconds=1))
        with self._timed(story, "monitors"):
            night = self._watch.wait_for_night(due - timedelta(minutes=1))
        story.nights.append(night)
        before = self._clock.now()
        with self._timed(story, "clock"):
            self._clock.advance(_EVALUATED.total_seconds())
        for name in self._watch.standing_alarms():
            gate = self._watch.gate_of(name)
            story.raised.append(Raised(gate, name, before))
            self._say(f"December {day - 1}: {name} is in ALARM")
        if self._broken:
            self._broken.mend()
            self._broken = None

    def _live_through(self, story: Story, number: int, day: Day) -> None:
        scenario = planted_on(number)
        if scenario:
            self._say(f"December {number}: planted {scenario.name}: {scenario.title}")
            self._plant(scenario, number)
        day = scenario.fault(day) if scenario and scenario.fault else day
        first = (number - 1) * _DAY_HOURS
        self._truth.add(labels_of(day, first))
        if scenario and scenario.name == CAPTURE_STOPPED:
            story.uncaptured.update(day.flights)
        by_hour = hours_of(day)
        for hour in range(_FIRST_HOUR, _DAY_HOURS, _PORTION_HOURS):
            flights = by_hour.get(hour, slice(0, 0))
            with self._timed(story, "clock"):
                self._clock.advance_to(story.midnight(number) + timedelta(hours=hour))
            with self._timed(story, "ground truth"):
                self._tell_truth(story, first + hour)
            with self._timed(story, "requests"):
                self._send(story, day, flights)
        # What became known by the end of the day is collected on that day.
        last = _DAY_HOURS - 1
        self._clock.advance_to(story.midnight(number) + timedelta(hours=last))
        self._tell_truth(story, first + last)

    def _plant(self, scenario: Scenario, number: int) -> None:
        first = (number - 1) * _DAY_HOURS
        if scenario.name == LATE_LABELS:
            self._truth.hold(first, first + _DAY_HOURS, until=first + _LABELS_LATE_HOURS)
        if scenario.name in self._breakages:
            self._broken = self._breakages[scenario.name]
            self._broken.plant()

    def _send(self, story: Story, day: Day, flights: slice) -> None:
        if flights.start == flights.stop:
            return
        moment = self._clock.now()
        sent = send_day(day, self._invoke, flights=flights)
        story.portions.append(Portion(moment, sent.by_variant.total()))
        story.errors += sent.errors

    def _invoke(self, flight: str, body: bytes) -> str:
        answer = self._client.invoke(flight, body, inference_id=flight)
        answer.response["Body"].read()
        return answer.variant

    def _tell_truth(self, story: Story, hour: int) -> None:
        labels = self._truth.due(hour)
        if labels:
            moment = self._clock.now()
            self._objects.write(f"{self._truth_uri}/{moment:%Y/%m/%d/%H}/{moment:%M}.jsonl", as_jsonl(labels))
            story.labels += len(labels)
            story.labelled.update(label.flight for label in labels)


def hours_of(day: Day) -> dict[int, slice]:
    """Return which of a day's flights, which are in the order of their departure, are sent at which hour."""
    leaving = [int(json.loads(body)["dep_minute"]) // 60 for body in day.bodies]
    hours = [max(_FIRST_HOUR, min(hour, _DAY_HOURS - 1) // _PORTION_HOURS * _PORTION_HOURS) for hour in leaving]
    starts = {hour: hours.index(hour) for hour in sorted(set(hours))}
    ends = [*list(starts.values())[1:], len(hours)]
    return {hour: slice(start, end) for (hour, start), end in zip(starts.items(), ends, strict=True)}
