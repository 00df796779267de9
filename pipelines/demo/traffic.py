"""Replay flights as an application would send them: sticky assignment, InferenceId, and the truth once it is known."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
from botocore.exceptions import ClientError

from pipelines.demo.objects import Objects
from usecase.feature_spec import FeatureSpec

# Few, so that a small machine answers each of them as fast as real instances would.
_CLIENTS = 2

Send = Callable[[str, bytes], str]
"""(entity, body) → the variant that answered."""


@dataclass
class Sent:
    """What became of one day's requests.

    Attributes:
        by_variant: How many each variant answered.
        errors: How many failed, by error code.
    """

    by_variant: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """All requests."""
        return self.by_variant.total() + self.errors.total()


@dataclass(frozen=True)
class Day:
    """The flights of one day, in the order of their departure.

    Attributes:
        date: In 2013.
        flights: Identifiers.
        bodies: One JSON object a flight: features and metadata, without the label.
        labels: What became of them.
    """

    date: str
    flights: list[str]
    bodies: list[bytes]
    labels: list[int]


def days_of(frame: pd.DataFrame, spec: FeatureSpec) -> Iterator[Day]:
    """Yield the days of prepared data."""
    frame = frame.sort_values("sched_dep_utc", kind="stable")
    for date, flights in frame.groupby("flight_date", sort=True):
        columns = flights[[*spec.names, *spec.metadata]]
        lines = columns.to_json(orient="records", lines=True, date_format="iso", double_precision=10).splitlines()
        labels = [int(label) for label in flights[spec.label]]
        yield Day(str(date), list(flights["flight_id"]), [line.encode() for line in lines], labels)


def send_day(day: Day, send: Send, *, flights: slice = slice(None)) -> Sent:
    """Send a day's flights by several clients at once; an error is counted, never raised."""
    sent = Sent()

    def one(flight: str, body: bytes) -> tuple[str, str]:
        try:
            return "answered", send(flight, body)
        except ClientError as error:
            return "error", str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(_CLIENTS) as clients:
        for outcome, name in clients.map(one, day.flights[flights], day.bodies[flights]):
            (sent.by_variant if outcome == "answered" else sent.errors)[name] += 1
    return sent


def tell_truth(objects: Objects, uri: str, day: Day, known_at: datetime) -> None:
    """Write a day's ground truth as Model Monitor reads it: by the hour in which it became known."""
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": str(label), "encoding": "CSV"},
                "eventMetadata": {"eventId": flight},
                "eventVersion": "0",
            }
        )
        for flight, label in zip(day.flights, day.labels, strict=True)
    ]
    objects.write(f"{uri}/{known_at:%Y/%m/%d/%H}/{day.date}.jsonl", "\n".join(lines).encode() + b"\n")
