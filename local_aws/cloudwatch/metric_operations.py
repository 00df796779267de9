"""Answer CloudWatch's operations on metrics: publish, list, read."""

import math
from collections.abc import Iterator
from typing import Any

from local_aws.cloudwatch.expression_parser import ExpressionError
from local_aws.cloudwatch.queries import Window, evaluate, metric_of, period_of
from local_aws.cloudwatch.samples import Samples, StatisticError, check_statistic, statistic
from local_aws.cloudwatch.series import MINUTE, MetricName, MetricStore
from local_aws.cloudwatch.service import (
    InvalidCombinationError,
    InvalidParameterError,
    Request,
    operation,
)
from local_aws.cloudwatch.timestamps import aligned_start, utc
from local_aws.errors import ValidationError
from local_aws.sagemaker.operations import Context

_DAY = 86_400
_OLDEST, _NEWEST = 14 * _DAY, 2 * 3_600
_MOST_DATAPOINTS = 1_440
_MOST_DIMENSIONS = 30
_PAGE = 500
_RECENT = {"PT3H": 3 * 3_600}


def store_of(context: Context) -> MetricStore:
    """Return the store of a local AWS."""
    store = context.plane.metrics
    assert isinstance(store, MetricStore)
    return store


@operation
def put_metric_data(context: Context, request: Request) -> dict[str, Any]:
    """Store values, statistic sets, or values with counts; all or none."""
    namespace, now = request["Namespace"], context.plane.clock.time()
    if namespace.startswith("AWS/"):
        raise InvalidParameterError("The value AWS/ for parameter Namespace is invalid.")
    entities = [datum for entity in request.get("EntityMetricData", []) for datum in entity.get("MetricData", [])]
    data = [*request.get("MetricData", []), *entities]
    ready = [(datum, _samples(datum, number), _moment(datum, number, now)) for number, datum in enumerate(data, 1)]
    for datum, samples, moment in ready:
        name = metric_of({**datum, "Namespace": namespace})
        resolution = 1 if datum.get("StorageResolution", MINUTE) < MINUTE else MINUTE
        place = (context.account_id, context.region)
        store_of(context).add(place, name, datum.get("Unit", "None"), moment, samples, resolution=resolution)
    return {}


def _samples(datum: Request, number: int) -> Samples:
    where = f"MetricData.member.{number}"
    given = [name for name in ("Value", "StatisticValues", "Values") if name in datum]
    if len(given) != 1:
        words = "are mutually exclusive and only one may be specified" if given else "one of them is required"
        error = InvalidCombinationError if given else InvalidParameterError
        raise error(f"The parameters {where}.Value, {where}.StatisticValues and {where}.Values: {words}.")
    if len(datum.get("Dimensions", [])) > _MOST_DIMENSIONS:
        raise InvalidParameterError(f"The collection {where}.Dimensions must not have a size greater than 30.")
    samples = Samples()
    if given == ["StatisticValues"]:
        known = datum["StatisticValues"]
        samples.add_set(known["SampleCount"], known["Sum"], known["Minimum"], known["Maximum"])
        return samples
    values = datum.get("Values", [datum.get("Value")])
    counts = datum.get("Counts", [1.0] * len(values))
    if len(counts) != len(values):
        raise InvalidParameterError(f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    for value, count in zip(values, counts, strict=True):
        if not math.isfinite(value):
            raise InvalidParameterError(f"The value {value} for parameter {where}.Value is invalid.")
        samples.add(value, count)
    return samples


def _moment(datum: Request, number: int, now: float) -> float:
    moment: float = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if not now - _OLDEST <= moment <= now + _NEWEST:
        raise InvalidParameterError(
            f"The parameter MetricData.member.{number}.Timestamp must specify a time within the past two weeks and no "
            f"more than two hours in the future; it is {utc(moment):%Y-%m-%dT%H:%M:%SZ}, the local AWS's time is "
            f"{utc(now):%Y-%m-%dT%H:%M:%SZ}."
        )
    return moment


@operation
def list_metrics(context: Context, request: Request) -> dict[str, Any]:
    """Return the metrics with data in the last two weeks, or three hours."""
    age = _RECENT.get(request.get("RecentlyActive", ""), _OLDEST)
    wanted = {item["Name"]: item.get("Value") for item in request.get("Dimensions", [])}
    place = (context.account_id, context.region)
    names = store_of(context).names(place, context.plane.clock.time() - age)
    found = [_shown(name) for name in names if _is_wanted(name, request, wanted)]
    start = int(request.get("NextToken") or 0)
    more = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(found) else {}
    return {"Metrics": found[start : start + _PAGE], **more}


def _is_wanted(name: MetricName, request: Request, wanted: dict[str, str | None]) -> bool:
    own = dict(name.dimensions)
    is_named = request.get("Namespace") in {None, name.namespace} and request.get("MetricName") in {None, name.name}
    return is_named and all(key in own and value in {None, own[key]} for key, value in wanted.items())


def _shown(name: MetricName) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in name.dimensions]
    return {"Namespace": name.namespace, "MetricName": name.name, "Dimensions": dimensions}


@operation
def get_metric_statistics(context: Context, request: Request) -> dict[str, Any]:
    """Return statistics of one metric by period; in no particular order, says the API: here by time."""
    wanted = [*request.get("Statistics", []), *request.get("ExtendedStatistics", [])]
    if not wanted:
        raise InvalidCombinationError("At least one of the parameters Statistics and ExtendedStatistics is required.")
    _check_statistics(wanted)
    period, end = request["Period"], request["EndTime"].timestamp()
    _check_period(period)
    start = aligned_start(request["StartTime"].timestamp(), period, context.plane.clock.time())
    if start >= end:
        raise InvalidCombinationError("The parameter StartTime must be less than the parameter EndTime.")
    if (count := math.ceil((end - start) / period)) > _MOST_DATAPOINTS:
        raise InvalidCombinationError(
            f"You have requested up to {count} datapoints, which exceeds the limit of {_MOST_DATAPOINTS}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    return {"Label": request["MetricName"], "Datapoints": list(_datapoints(context, request, start))}


def _datapoints(context: Context, request: Request, first: int) -> Iterator[dict[str, Any]]:
    place, name, store = (context.account_id, context.region), metric_of(request), store_of(context)
    period, end = request["Period"], request["EndTime"].timestamp()
    unit = request.get("Unit")
    for start, samples in store.read_periods(place, name, unit, start=first, end=end, period=period).items():
        values = {key: statistic(samples, key) for key in request.get("Statistics", [])}
        extended = {key: statistic(samples, key) for key in request.get("ExtendedStatistics", [])}
        known = {key: value for key, value in extended.items() if value is not None}
        point = {"Timestamp": utc(start), **values, "Unit": unit or store.unit_of(place, name)}
        yield {**point, **({"ExtendedStatistics": known} if known else {})}


def _check_statistics(names: list[str]) -> None:
    for name in names:
        try:
            check_statistic(name)
        except StatisticError as err:
            raise InvalidParameterError(str(err)) from err


def _check_period(period: int) -> None:
    if period not in {1, 5, 10, 20, 30} and (period % MINUTE or period <= 0):
        raise InvalidParameterError(
            f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60; it is {period}."
        )


@operation
def get_metric_data(context: Context, request: Request) -> dict[str, Any]:
    """Return the values of queries: metrics and expressions."""
    queries = request["MetricDataQueries"]
    for query in queries:
        _check_query(query)
    start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if start >= end:
        raise ValidationError("The parameter EndTime must be greater than the parameter StartTime.")
    period = period_of(queries)
    window = Window(start // period * period, end)
    try:
        found = evaluate(store_of(context), (context.account_id, context.region), queries, window)
    except ExpressionError as err:
        raise InvalidParameterError(str(err)) from err
    is_ascending = request.get("ScanBy") == "TimestampAscending"
    results = [
        result
        for query in queries
        if query.get("ReturnData", True)
        for result in _results(query, found[query["Id"]], window, period, is_ascending=is_ascending)
    ]
    return {"MetricDataResults": results, "Messages": []}


def _check_query(query: Request) -> None:
    if ("Expression" in query) == ("MetricStat" in query):
        raise ValidationError(f"MetricDataQuery {query['Id']}: give either Expression or MetricStat.")
    if "MetricStat" in query:
        _check_statistics([query["MetricStat"]["Stat"]])
        _check_period(query["MetricStat"]["Period"])


def _results(query: Request, value: Any, window: Window, period: int, *, is_ascending: bool) -> Iterator[Request]:
    lines = value if isinstance(value, list) else [value]
    name = query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query["Id"]
    label, stamps = query.get("Label") or name, range(int(window.start), int(window.end), period)
    for line in lines:
        if isinstance(line, str):
            raise InvalidParameterError(f"The expression of {query['Id']} is a text, not a time series.")
        series = line if isinstance(line, dict) else dict.fromkeys(stamps, line)
        points = sorted(series.items(), reverse=not is_ascending)
        times, values = [utc(stamp) for stamp, _ in points], [number for _, number in points]
        yield {"Id": query["Id"], "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete"}
