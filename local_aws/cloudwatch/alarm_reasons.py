"""Word why an alarm has its state, as CloudWatch does."""

from dataclasses import dataclass
from typing import Any

from local_aws.cloudwatch.alarm_states import ALARM, INSUFFICIENT_DATA
from local_aws.cloudwatch.timestamps import in_data, in_reason
from local_aws.store import Record

_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanThreshold": "less than",
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class Finding:
    """What an evaluation looked at.

    Attributes:
        state: The state found.
        points: Start, value and sample count of each data point that counts, oldest first.
        missing: How many data points were missing and had to be filled.
        period: Seconds of a data point.
        now: When.
    """

    state: str
    points: list[tuple[int, float, float]]
    missing: int
    period: int
    now: float


def text(alarm: Record, finding: Finding) -> str:
    """Return the StateReason."""
    if finding.state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_counted(finding.missing, 'datapoint')} {_were(finding.missing)} unknown."
    treated = _TREATED.get(alarm.get("TreatMissingData", "missing"))
    if not finding.points:
        return (
            f"Threshold Crossed: no datapoints were received for {_counted(finding.missing, 'period')} and "
            f"{_counted(finding.missing, 'missing datapoint')} {_were(finding.missing)} treated as [{treated}]."
        )
    return _crossed(alarm, finding, treated)


def _crossed(alarm: Record, finding: Finding, treated: str | None) -> str:
    periods: int = alarm["EvaluationPeriods"]
    to_alarm = int(alarm.get("DatapointsToAlarm", periods))
    shown = ", ".join(f"{value} {in_reason(start)}" for start, value, _ in reversed(finding.points))
    operator = _WORDS[alarm["ComparisonOperator"]]
    negation, threshold = "" if finding.state == ALARM else "not ", f"the threshold ({float(alarm['Threshold'])})"
    count = len(finding.points)
    if periods == 1:
        return f"Threshold Crossed: 1 datapoint [{shown}] was {negation}{operator} {threshold}."
    minimum = f"minimum {_counted(to_alarm, 'datapoint')} for OK -> ALARM transition"
    named = f"{count} out of the last {periods} datapoints [{shown}] {_were(count)} {negation}{operator} {threshold}"
    filled = finding.missing and treated
    more = f" and {_counted(finding.missing, 'missing datapoint')} {_were(finding.missing)} treated as [{treated}]"
    return f"Threshold Crossed: {named}{more if filled else ''} ({minimum})."


def data(alarm: Record, finding: Finding) -> dict[str, Any]:
    """Return the StateReasonData."""
    values = [value for _, value, _ in finding.points]
    found: dict[str, Any] = {
        "version": "1.0",
        "queryDate": in_data(finding.now),
        "period": finding.period,
        "recentDatapoints": values,
        "threshold": float(alarm["Threshold"]),
    }
    if finding.points:
        found["startDate"] = in_data(finding.points[0][0])
    if name := alarm.get("Statistic") or alarm.get("ExtendedStatistic"):
        found["statistic"] = name
    if "Unit" in alarm:
        found["unit"] = alarm["Unit"]
    found["evaluatedDatapoints"] = [
        {"timestamp": in_data(start), "value": value, **({"sampleCount": count} if count else {})}
        for start, value, count in reversed(finding.points)
    ]
    return found


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
