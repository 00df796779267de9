"""Route events: find the rules of a bus that match, and deliver to their targets."""

import datetime as dt
import json
import logging
import queue
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.events import patterns, targets
from local_aws.events.delivery import Delivery, deliver
from local_aws.events.inputs import input_of
from local_aws.moto_adapters import event_rules, s3_events
from local_aws.moto_adapters.event_rules import Rule

_LOG = logging.getLogger(__name__)
_SERVICE = "events.amazonaws.com"
_METRICS = "AWS/Events"
Event = Mapping[str, Any]


class EventRouter:
    """The event buses of all accounts and regions; emitting never blocks.

    What is under way when the local AWS ends is lost.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[str, Event]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._plane: DataPlane | None = None
        self._is_started = False
        self.stop = threading.Event()

    def attach(self, plane: DataPlane) -> None:
        """Name what the targets are reached through."""
        self._plane = plane

    def emit(self, source: str, detail_type: str, detail: dict[str, Any], resources: list[str], *, region: str) -> None:
        """Hand the event of an AWS service over; returns at once and never raises."""
        plane = self._plane
        if plane is None or self.stop.is_set():
            return
        entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail, default=_plain)}
        self.put({**entry, "Resources": resources}, plane.settings.account_id, region)

    def put(self, entry: Mapping[str, Any], account_id: str, region: str) -> str:
        """Hand an entry of PutEvents over, whose Detail is JSON, and return its id."""
        assert self._plane
        moment = entry.get("Time") or self._plane.clock.now()
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": account_id,
            "time": moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": list(entry.get("Resources", ())),
            "detail": json.loads(entry["Detail"]),
        }
        bus = str(entry.get("EventBusName") or "default").rpartition("/")[2]
        self._queue.put((bus, event))
        self._start()
        return str(event["id"])

    def listen_to_s3(self) -> None:
        """Take the events of buckets, which moto knows."""
        if self._plane:
            s3_events.hand_over(
                self._plane.clock,
                lambda source, kind, detail, resources, region: self.emit(
                    source, kind, detail, resources, region=region
                ),
            )

    def fire(self, rule: Rule, event: Event) -> None:
        """Deliver an event to the targets of a rule, each on a thread of its own."""
        plane = self._plane
        assert plane
        now = plane.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        dimensions, region = {"RuleName": rule.name}, event["region"]
        for metric in ("MatchedEvents", "TriggeredRules"):
            plane.metrics.put(_METRICS, metric, 1, "Count", dimensions, region=region)
        for target in rule.targets:
            text = input_of(target, event, {"name": rule.name, "arn": rule.arn}, now)
            plane.spawn(f"event-{rule.name}", lambda target=target, text=text: self._deliver(rule, event, target, text))  # type: ignore[misc]

    def _start(self) -> None:
        with self._lock:
            if not self._is_started and self._plane:
                self._is_started = True
                self._plane.spawn("events", self._route)

    def _route(self) -> None:
        while not self.stop.is_set():
            try:
                bus, event = self._queue.get(timeout=1)
            except queue.Empty:
                continue
            try:
                self._match(bus, event)
            except Exception:  # noqa: BLE001 - one event must not end the bus
                _LOG.exception("the event %s was not routed", event["id"])

    def _match(self, bus: str, event: Event) -> None:
        for rule in event_rules.rules(event["account"], event["region"], bus):
            if rule.pattern and patterns.matches(patterns.parse(rule.pattern), event):
                self.fire(rule, event)

    def _deliver(self, rule: Rule, event: Event, target: Mapping[str, Any], text: str) -> None:
        plane = self._plane
        assert plane

        def count(metric: str) -> None:
            plane.metrics.put(_METRICS, metric, 1, "Count", {"RuleName": rule.name}, region=event["region"])

        def on_end(is_delivered: bool, is_dead_letter: bool) -> None:
            count("Invocations")
            if not is_delivered:
                count("FailedInvocations")
                if target.get("DeadLetterConfig"):
                    count("InvocationsSentToDlq" if is_dead_letter else "InvocationsFailedToBeSentToDlq")

        call = targets.Call(plane, _SERVICE, rule.arn, target, text, event["id"])
        deliver(plane, Delivery(_SERVICE, rule.arn, target, text, lambda _: targets.send(call), on_end), self.stop)


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)
