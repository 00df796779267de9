"""Break a day of flights in one way each: pure functions from a day to the day that production would have seen.

Faults of the requests change what the client sends; faults of the truth change what really became of the flights.
"""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pipelines.demo.traffic import Day

Record = dict[str, Any]
Fault = Callable[[Day], Day]

NULLED = "h_all_late7"
TEMPERATURES = ("wl_temp", "wl_dewp")
RENAMED_CARRIER, NEW_CARRIER = "EV", "XJ"
SHUFFLED = "wl_dewp"
HARMED_ORIGIN = "LGA"

_MORE_LATE, _MORE_LATE_AT_ONE = 0.35, 0.7
_SEED = 2013


def records_of(day: Day) -> list[Record]:
    """Return the requests of a day as objects."""
    return [json.loads(body) for body in day.bodies]


def with_records(day: Day, records: list[Record]) -> Day:
    """Return the day with other requests."""
    return replace(day, bodies=[json.dumps(record).encode() for record in records])


def feature_null(day: Day) -> Day:
    """A feed stops: one feature is null in every request."""
    return with_records(day, [{**record, NULLED: None} for record in records_of(day)])


def unit_change(day: Day) -> Day:
    """The weather service now answers in °C; the model learned °F."""
    return with_records(day, [{**record, **_celsius(record)} for record in records_of(day)])


def new_category(day: Day) -> Day:
    """An airline flies under a new code; the model server takes any text and the model reads it as missing."""
    renamed = {RENAMED_CARRIER: NEW_CARRIER}
    return with_records(
        day, [{**record, "carrier": renamed.get(record["carrier"], record["carrier"])} for record in records_of(day)]
    )


def shuffled_column(day: Day) -> Day:
    """A join goes wrong: each flight gets a value of another flight of the same day. The distribution is unchanged."""
    records = records_of(day)
    values = [record[SHUFFLED] for record in records]
    _random(day).shuffle(values)
    return with_records(day, [{**record, SHUFFLED: value} for record, value in zip(records, values, strict=True)])


def label_shift(day: Day) -> Day:
    """Far more flights are late than predicted, whatever their features say."""
    luck = _random(day)
    return replace(day, labels=[max(label, int(luck.random() < _MORE_LATE)) for label in day.labels])


def concept_change(day: Day) -> Day:
    """As many flights are late as ever, but those that looked safest: the relation is turned round."""
    return replace(day, labels=_late_where(day, lambda record: -_expected_trouble(record)))


def slice_only_harm(day: Day) -> Day:
    """One airport's flights are late that were not expected to be; everywhere else all is as it was."""
    luck = _random(day)
    return replace(
        day,
        labels=[
            max(label, int(luck.random() < _MORE_LATE_AT_ONE)) if record["origin"] == HARMED_ORIGIN else label
            for record, label in zip(records_of(day), day.labels, strict=True)
        ],
    )


def _celsius(record: Record) -> Record:
    return {
        name: None if record[name] is None else round((record[name] - 32) * 5 / 9, 1)
        for name in TEMPERATURES
        if name in record
    }


def _late_where(day: Day, order: Callable[[Record], float]) -> list[int]:
    """Give the day's late flights to those that come first in an order."""
    places = sorted(range(len(day.labels)), key=[order(record) for record in records_of(day)].__getitem__, reverse=True)
    late = set(places[: sum(day.labels)])
    return [int(place in late) for place in range(len(day.labels))]


def _expected_trouble(record: Record) -> float:
    """What anybody would expect: a late network and a late hour make late flights."""
    delay = record.get("o_late_180") or 0.0
    inbound = record.get("p1_dep_delay") or 0.0
    return float(delay) + float(inbound) / 120 + float(record["dep_minute"]) / 1440


def _random(day: Day) -> random.Random:
    return random.Random(f"{_SEED}-{day.date}")
