"""Labels come late, some twice, some never; what is held back comes later, once."""

import json
from collections import Counter
from dataclasses import replace

from pipelines.demo_drift.truth import GroundTruth, as_jsonl, labels_of


def test_no_label_is_known_before_its_flight_landed(day):
    known = {}
    for label in labels_of(day, 0):
        known[label.flight] = min(label.known_hour, known.get(label.flight, 10**6))

    for flight, body in zip(day.flights, day.bodies, strict=True):
        record = json.loads(body)
        assert known.get(flight, 10**6) >= (record["dep_minute"] + record["block"]) // 60


def test_a_few_labels_come_twice_a_few_never_and_some_the_next_day(day):
    labels = labels_of(day, 0)

    counts = Counter(label.flight for label in labels)
    assert 0 < sum(count == 2 for count in counts.values()) < 30
    assert 0 < len(day.flights) - len(counts) < 20
    assert 0 < sum(label.known_hour >= 24 for label in labels) < len(labels) / 2
    assert [label.known_hour for label in labels] != sorted(label.known_hour for label in labels)


def test_every_label_is_delivered_once(day):
    truth, labels = GroundTruth(), labels_of(day, 24)
    truth.add(labels)

    delivered = [label for hour in range(24, 24 * 5) for label in truth.due(hour)]

    assert Counter(delivered) == Counter(labels)
    assert truth.is_silent
    assert truth.told == len(labels)


def test_held_labels_come_later_all_at_once_whenever_they_were_sent(day):
    early, late = labels_of(day, 0), labels_of(replace(day, date="2013-12-06"), 24)
    truth = GroundTruth()
    truth.add(early)
    truth.hold(24, 48, until=70)
    truth.add(late)

    for hour in range(24):
        truth.due(hour)
    assert [label for hour in range(24, 48) for label in truth.due(hour)] == []
    assert all(label.known_hour >= 48 for hour in range(48, 70) for label in truth.due(hour))
    assert {label.known_hour // 24 for label in truth.due(70)} >= {1}


def test_the_format_is_that_of_model_monitor(day):
    labels = labels_of(day, 0)[:3]

    lines = [json.loads(line) for line in as_jsonl(labels).splitlines()]

    assert lines[0] == {
        "groundTruthData": {"data": str(labels[0].late), "encoding": "CSV"},
        "eventMetadata": {"eventId": labels[0].flight},
        "eventVersion": "0",
    }
    assert len(lines) == 3
