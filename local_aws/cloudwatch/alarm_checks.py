"""Check the configuration of an alarm, as CloudWatch does when it is put."""

from typing import Any

from local_aws.cloudwatch import alarms
from local_aws.cloudwatch.alarm_rule import AlarmRuleError, parse
from local_aws.cloudwatch.alarm_states import COMPARISONS
from local_aws.cloudwatch.expression_parser import ExpressionError, names_in
from local_aws.cloudwatch.expression_parser import parse as parse_expression
from local_aws.cloudwatch.samples import StatisticError, check_statistic
from local_aws.cloudwatch.service import InvalidCombinationError, InvalidParameterError, Request
from local_aws.errors import NotSimulatedError, ValidationError
from local_aws.sagemaker.operations import Context

_MINUTE, _DAY, _WEEK = 60, 86_400, 604_800
_OF_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
_NOT_HERE = ("EvaluationCriteria", "EvaluationWindow", "ThresholdMetricId", "WarmUpConfiguration")


def check_metric_alarm(request: Request) -> None:
    """Raise an ApiError where CloudWatch refuses an alarm, or the local AWS does not simulate it."""
    if here := [name for name in _NOT_HERE if name in request]:
        raise NotSimulatedError(f"The local AWS does not simulate {', '.join(here)} of PutMetricAlarm.")
    periods = _required(request, "EvaluationPeriods")
    to_alarm = request.get("DatapointsToAlarm", periods)
    if not 1 <= to_alarm <= periods:
        raise ValidationError(
            f"DatapointsToAlarm is {to_alarm}; it must be 1 to EvaluationPeriods, which is {periods}."
        )
    if _required(request, "ComparisonOperator") not in COMPARISONS:
        raise NotSimulatedError(f"The local AWS does not simulate anomaly detection: {request['ComparisonOperator']}.")
    _required(request, "Threshold")
    if request.get("TreatMissingData", "missing") not in _TREATMENTS:
        raise InvalidParameterError(f"TreatMissingData is {request['TreatMissingData']}; use {', '.join(_TREATMENTS)}.")
    if request.get("EvaluateLowSampleCountPercentile", "evaluate") not in {"evaluate", "ignore"}:
        raise InvalidParameterError("EvaluateLowSampleCountPercentile must be evaluate or ignore.")
    period = _check_expression_alarm(request) if "Metrics" in request else _check_single_metric(request)
    longest = _WEEK if period >= 3_600 else _DAY  # noqa: PLR2004 - an hour, the API's limit
    if period * periods > longest:
        raise ValidationError(
            f"Metrics cannot be checked across more than {'seven days' if longest == _WEEK else 'a day'} "
            f"(EvaluationPeriods * Period must be <= {longest}); they are {periods} * {period}."
        )


def _required(request: Request, name: str) -> Any:
    if name not in request:
        raise InvalidCombinationError(f"The parameter {name} is required.")
    return request[name]


def _check_single_metric(request: Request) -> int:
    for name in ("MetricName", "Namespace"):
        _required(request, name)
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise InvalidCombinationError("Exactly one of the parameters Statistic and ExtendedStatistic must be given.")
    _check_statistic(str(request.get("ExtendedStatistic") or request["Statistic"]))
    period: int = _required(request, "Period")
    _check_period(period)
    return period


def _check_expression_alarm(request: Request) -> int:
    if given := [name for name in _OF_METRIC if name in request]:
        raise InvalidCombinationError(f"Metrics must not be given together with {', '.join(given)}.")
    queries = request["Metrics"]
    returned = [query for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise ValidationError(f"Exactly one element of the metrics list should return data; {len(returned)} do.")
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    if not stats:
        raise ValidationError("An alarm on an expression needs at least one metric (MetricStat) in Metrics.")
    ids = {query["Id"] for query in queries}
    for query in queries:
        if ("Expression" in query) == ("MetricStat" in query):
            raise ValidationError(f"Metrics: {query['Id']} must have either Expression or MetricStat.")
        _check_names(query, ids)
    for stat in stats:
        _check_statistic(stat["Stat"])
    periods = {stat["Period"] for stat in stats}
    if len(periods) > 1:
        raise ValidationError(f"All metrics of an alarm must have the same period; they have {sorted(periods)}.")
    period: int = periods.pop()
    _check_period(period)
    return period


def _check_names(query: Request, ids: set[str]) -> None:
    try:
        unknown = names_in(parse_expression(query["Expression"])) - ids if "Expression" in query else set()
    except ExpressionError as err:
        raise ValidationError(str(err)) from err
    if unknown := {name for name in unknown if name.upper() not in {"REPEAT", "LINEAR"}}:
        raise ValidationError(f"Metrics: the expression of {query['Id']} uses unknown {', '.join(sorted(unknown))}.")


def _check_statistic(name: str) -> None:
    try:
        check_statistic(name)
    except StatisticError as err:
        raise InvalidParameterError(str(err)) from err


def _check_period(period: int) -> None:
    if period not in {10, 20, 30} and (period <= 0 or period % _MINUTE):
        raise ValidationError(f"Period is {period}; it must be 10, 20, 30 or a multiple of 60.")


def check_composite(context: Context, request: Request) -> None:
    """Raise an ApiError where the rule is wrong, names unknown alarms or the alarm itself."""
    try:
        rule = parse(request["AlarmRule"])
    except AlarmRuleError as err:
        raise ValidationError(str(err)) from err
    named = [*rule.names, *([_name(request["ActionsSuppressor"])] if "ActionsSuppressor" in request else [])]
    for name in named:
        if name == request["AlarmName"]:
            raise ValidationError(f"AlarmRule of {name} must not refer to the alarm itself.")
        if context.plane.store.get(context.key(alarms.KIND, name)) is None:
            raise ValidationError(f"AlarmRule of {request['AlarmName']} refers to alarm {name}, which does not exist.")
    if "ActionsSuppressor" in request:
        for name in ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
            _required(request, name)


def _name(alarm: str) -> str:
    return alarm.partition(":alarm:")[2] or alarm
