"""Read metrics from a training job's log lines, by regular expressions, as SageMaker does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_aws.errors import ValidationError
from local_aws.tuning.first_party import MAXIMIZE, MINIMIZE, is_xgboost_image

Point = dict[str, Any]
# SageMaker's own expression is `.*\[[0-9]+\].*#011validation-<metric>:(\S+)` for each metric; this is their union.
_ROUND = re.compile(r"\[[0-9]+\]")
_BUILT_IN = re.compile(r"#011(train|validation)-([^\s:#]+):([^\s#]+)")
_KNOWN = MAXIMIZE | MINIMIZE


class MetricReader:
    """Find the values of a job's metrics in its log.

    Args:
        definitions: MetricDefinitions of the job.
        image: SageMaker's own XGBoost image logs its metrics without definitions.
    """

    def __init__(self, definitions: Sequence[Mapping[str, str]], image: str) -> None:
        self._definitions = [(item["Name"], _compiled(item)) for item in definitions]
        self._has_built_in = is_xgboost_image(image)
        self._names = {name for name, _ in self._definitions}

    def read(self, lines: Sequence[str]) -> list[Point]:
        """Return the values in the lines, in order, as `{"MetricName": …, "Value": …}`."""
        return [
            {"MetricName": name, "Value": value}
            for line in lines
            for name, text in self._matches(line)
            if (value := _number(text)) is not None
        ]

    def _matches(self, line: str) -> Iterator[tuple[str, str]]:
        for name, pattern in self._definitions:
            found = pattern.search(line) or pattern.search(line.replace("#011", "\t"))
            if found and found.groups():
                yield name, found.group(1) or ""
        if self._has_built_in and _ROUND.search(line):
            for channel, metric, text in _BUILT_IN.findall(line):
                name = f"{channel}:{metric}"
                if metric in _KNOWN and name not in self._names:
                    yield name, text


def final_values(points: Sequence[Point]) -> dict[str, float]:
    """Return the last value of every metric, in the order of first appearance."""
    return {point["MetricName"]: point["Value"] for point in points}


def check_definitions(definitions: Sequence[Mapping[str, str]]) -> None:
    """Refuse an expression that cannot be read, when the job is created."""
    for item in definitions:
        _compiled(item)


def _compiled(definition: Mapping[str, str]) -> re.Pattern[str]:
    try:
        return re.compile(definition["Regex"])
    except re.error as err:
        raise ValidationError(
            f"The Regex {definition['Regex']!r} of the metric {definition['Name']!r} is not valid: {err}."
        ) from err


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124 - NaN differs from itself
