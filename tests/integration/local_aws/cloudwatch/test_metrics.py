"""Metrics published by services and by boto3 are listed and read as CloudWatch does."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.exceptions import ClientError

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def moment(clock):
    """A whole minute, ten minutes ago."""
    return clock.now().replace(second=0, microsecond=0) - 10 * MINUTE


def publish(cloudwatch, namespace, values, timestamp, **more):
    data = [{"MetricName": "Latency", "Value": value, "Timestamp": timestamp, **more} for value in values]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


def read(cloudwatch, namespace, moment, *, period=60, statistics=(), extended=(), **more):
    arguments = {"Statistics": list(statistics)} if statistics else {}
    arguments |= {"ExtendedStatistics": list(extended)} if extended else {}
    return cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName="Latency", StartTime=moment, EndTime=moment + 5 * MINUTE, Period=period,
        **arguments, **more,
    )["Datapoints"]  # fmt: skip


def test_statistics_of_a_minute_are_those_of_its_values(cloudwatch, unique, moment):
    namespace = unique("ns")
    publish(cloudwatch, namespace, [float(n) for n in range(1, 101)], moment + dt.timedelta(seconds=7), Unit="Seconds")

    [point] = read(
        cloudwatch,
        namespace,
        moment,
        statistics=["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
    )
    [high] = read(cloudwatch, namespace, moment, extended=["p50", "p99", "p99.9", "tm90", "IQM", "PR(:10)"])

    assert (point["SampleCount"], point["Sum"], point["Average"]) == (100, 5050, 50.5)
    assert (point["Minimum"], point["Maximum"], point["Unit"], point["Timestamp"]) == (1, 100, "Seconds", moment)
    found = high["ExtendedStatistics"]
    assert (found["p50"], found["p99"], found["p99.9"]) == (50, 99, 100)
    assert (found["tm90"], found["IQM"], found["PR(:10)"]) == (45.5, 50.5, 10)


def test_a_service_publishes_without_a_request(timed_aws, cloudwatch, clock, unique):
    namespace = unique("/aws/sagemaker/Endpoints")
    dimensions = {"VariantName": "champion", "EndpointName": "e"}
    start = clock.now().replace(second=0, microsecond=0)
    for value in (100.0, 300.0):
        timed_aws.plane.metrics.put(namespace, "Latency", value, "Microseconds", dimensions, region="us-east-1")

    [metric] = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    points = read(cloudwatch, namespace, start, statistics=["Sum"], Dimensions=metric["Dimensions"])

    assert {item["Name"]: item["Value"] for item in metric["Dimensions"]} == dimensions
    assert [point["Sum"] for point in points] == [400]


def test_a_metric_without_the_dimensions_is_another_metric(cloudwatch, unique, moment):
    namespace = unique("ns")
    publish(cloudwatch, namespace, [1.0], moment, Dimensions=[{"Name": "Stage", "Value": "prod"}])

    assert read(cloudwatch, namespace, moment, statistics=["Sum"]) == []


def test_values_with_counts_and_statistic_sets_add_up(cloudwatch, unique, moment):
    namespace = unique("ns")
    known = {"SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20}
    data = [
        {"MetricName": "Latency", "Values": [1.0, 2.0], "Counts": [3.0, 1.0], "Timestamp": moment},
        {"MetricName": "Latency", "StatisticValues": known, "Timestamp": moment},
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    [point] = read(cloudwatch, namespace, moment, statistics=["SampleCount", "Sum", "Maximum"])

    assert (point["SampleCount"], point["Sum"], point["Maximum"]) == (6, 35, 20)


def test_metric_math_combines_metrics(cloudwatch, unique, moment):
    namespace = unique("ns")
    for name, value in (("Errors", 3.0), ("Requests", 60.0)):
        data = [{"MetricName": name, "Value": value, "Timestamp": moment}]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    stats = {
        key: {"Metric": {"Namespace": namespace, "MetricName": name}, "Period": 60, "Stat": "Sum"}
        for key, name in (("errors", "Errors"), ("requests", "Requests"))
    }
    queries = [{"Id": key, "MetricStat": stat, "ReturnData": False} for key, stat in stats.items()]
    queries += [{"Id": "percent", "Expression": "100 * errors / requests", "Label": "Errors %"}]

    [result] = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=moment, EndTime=moment + 3 * MINUTE)[
        "MetricDataResults"
    ]

    assert (result["Label"], result["Timestamps"], result["Values"]) == ("Errors %", [moment], [5.0])


def test_paths_and_periods_of_a_day_are_aggregated(cloudwatch, unique, moment):
    namespace = unique("ns")
    for number in range(4):
        publish(cloudwatch, namespace, [float(number)], moment + number * MINUTE)

    points = read(cloudwatch, namespace, moment, period=300, statistics=["Sum"])

    assert [point["Sum"] for point in points] == [6]


@pytest.mark.parametrize("protocol", ["json", "query"])
def test_other_clients_speak_other_protocols(timed_aws, unique, moment, protocol, monkeypatch):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    loader = session._loader
    model = loader.load_service_model("cloudwatch", "service-2", None)
    metadata = {**model["metadata"], "protocol": protocol, "protocols": [protocol]}
    original = loader.load_service_model

    def patched(service, kind, *more, **options):
        found = original(service, kind, *more, **options)
        return {**found, "metadata": metadata} if (service, kind) == ("cloudwatch", "service-2") else found

    monkeypatch.setattr(loader, "load_service_model", patched)
    client = session.client("cloudwatch", endpoint_url=timed_aws.endpoint_url)
    namespace = unique("ns")
    publish(client, namespace, [1.5, 2.5], moment, Dimensions=[{"Name": "a", "Value": "b & c"}])

    [point] = read(client, namespace, moment, statistics=["Average"], Dimensions=[{"Name": "a", "Value": "b & c"}])
    with pytest.raises(ClientError, match="p101 for parameter Stat is not supported") as error:
        read(client, namespace, moment, extended=["p101"])

    assert (point["Average"], point["Timestamp"]) == (2.0, moment)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_errors_are_those_of_cloudwatch(cloudwatch, unique, moment):
    with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException, match="within the past two weeks"):
        publish(cloudwatch, unique("ns"), [1.0], moment - dt.timedelta(days=15))
    with pytest.raises(ClientError, match="NotImplementedException"):
        cloudwatch.put_insight_rule(RuleName="r", RuleDefinition="{}")


def test_large_requests_which_boto3_compresses_are_read(cloudwatch, unique, moment):
    namespace = unique("ns")
    names = [f"a-metric-with-quite-a-long-name-{number}" for number in range(400)]
    data = [{"MetricName": name, "Value": 1.0, "Timestamp": moment} for name in names]

    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    found = cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace)
    assert {metric["MetricName"] for page in found for metric in page["Metrics"]} == set(names)


def test_concurrent_publishers_lose_nothing(timed_aws, cloudwatch, clock, unique):
    namespace, start = unique("ns"), clock.now() - MINUTE

    def publish_many(_):
        for _ in range(2_000):
            timed_aws.plane.metrics.put(namespace, "Latency", 1.0, "None", {"a": "b"}, region="us-east-1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish_many, range(8)))

    points = read(cloudwatch, namespace, start, statistics=["Sum"], Dimensions=[{"Name": "a", "Value": "b"}])
    assert sum(point["Sum"] for point in points) == 16_000
