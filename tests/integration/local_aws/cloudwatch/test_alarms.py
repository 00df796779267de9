"""Alarms fire, recover, notify, and tell why."""

import datetime as dt
import json

import pytest
from botocore.exceptions import ClientError

NAMESPACE = "Alarms"


@pytest.fixture
def publish(timed_aws):
    """Publish values of a metric now."""

    def put(metric, *values):
        for value in values:
            timed_aws.plane.metrics.put(NAMESPACE, metric, value, "Count", {}, region="us-east-1")

    return put


@pytest.fixture
def put_alarm(cloudwatch, clock):
    """Put an alarm on the sum of a metric above 10, at the beginning of a minute."""

    def put(name, **more):
        clock.advance(60 - clock.time() % 60 + 1)
        settings = {
            "Namespace": NAMESPACE, "MetricName": name, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 10, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        }  # fmt: skip
        cloudwatch.put_metric_alarm(AlarmName=name, **{**settings, **more})

    return put


@pytest.fixture
def queue(timed_aws, unique):
    """A topic, and a function that returns what a queue received from it."""
    sns, sqs = timed_aws.clients("sns", "us-east-1"), timed_aws.clients("sqs", "us-east-1")
    topic, url = sns.create_topic(Name=unique("topic"))["TopicArn"], sqs.create_queue(QueueName=unique("q"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return topic, received


def state(cloudwatch, name):
    found = cloudwatch.describe_alarms(AlarmNames=[name])
    return [*found["MetricAlarms"], *found["CompositeAlarms"]][0]


def test_an_alarm_begins_without_data(cloudwatch, put_alarm, unique):
    name = unique("alarm")
    put_alarm(name, TreatMissingData="missing")

    alarm = state(cloudwatch, name)

    assert (alarm["StateValue"], alarm["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")


def test_an_alarm_fires_after_a_breaching_minute_and_recovers(cloudwatch, put_alarm, publish, clock, unique):
    name = unique("alarm")
    put_alarm(name)
    publish(name, 6.0, 7.0)
    clock.advance(60)
    fired = state(cloudwatch, name)
    publish(name, 1.0)
    clock.advance(60)
    recovered = state(cloudwatch, name)

    assert fired["StateValue"] == "ALARM"
    assert fired["StateReason"].startswith("Threshold Crossed: 1 datapoint [13.0 (")
    assert fired["StateReason"].endswith(")] was greater than the threshold (10.0).")
    assert json.loads(fired["StateReasonData"])["recentDatapoints"] == [13.0]
    assert recovered["StateValue"] == "OK"
    assert "was not greater than the threshold (10.0)" in recovered["StateReason"]


def test_m_out_of_n_counts_data_points(cloudwatch, put_alarm, publish, clock, unique):
    name = unique("alarm")
    put_alarm(name, EvaluationPeriods=3, DatapointsToAlarm=2)
    states = []
    for value in (11.0, 1.0, 12.0):
        publish(name, value)
        clock.advance(60)
        states.append(state(cloudwatch, name)["StateValue"])

    assert states == ["OK", "OK", "ALARM"]
    assert "(minimum 2 datapoints for OK -> ALARM transition)" in state(cloudwatch, name)["StateReason"]


def test_a_topic_is_told_once_of_a_change(cloudwatch, put_alarm, publish, clock, unique, queue):  # noqa: PLR0917 - fixtures
    name, (topic, received) = unique("alarm"), queue
    put_alarm(name, AlarmActions=[topic], OKActions=[], AlarmDescription="too much")
    for _ in range(3):
        publish(name, 50.0)
        clock.advance(60)

    [notification] = received()
    message = json.loads(notification["Message"])

    assert notification["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "OK")
    assert (message["AlarmDescription"], message["AWSAccountId"]) == ("too much", "123456789012")
    assert message["Trigger"]["MetricName"] == name
    assert message["Trigger"]["Statistic"] == "SUM"


def test_the_event_bus_learns_of_a_change(timed_aws, cloudwatch, put_alarm, publish, clock, unique, monkeypatch):  # noqa: PLR0917 - fixtures
    name, events = unique("alarm"), []
    monkeypatch.setattr(type(timed_aws.plane.events), "emit", lambda _, *event, region: events.append((*event, region)))
    put_alarm(name)
    publish(name, 50.0)
    clock.advance(60)

    changes = [
        event for event in events if event[1] == "CloudWatch Alarm State Change" and event[2]["alarmName"] == name
    ]
    source, _, detail, resources, region = changes[-1]

    assert (source, region, resources) == ("aws.cloudwatch", "us-east-1", [state(cloudwatch, name)["AlarmArn"]])
    assert (detail["state"]["value"], detail["previousState"]["value"]) in {
        ("ALARM", "OK"),
        ("ALARM", "INSUFFICIENT_DATA"),
    }
    metric = detail["configuration"]["metrics"][0]["metricStat"]
    assert metric == {
        "metric": {"namespace": NAMESPACE, "name": name, "dimensions": {}}, "period": 60, "stat": "Sum",
    }  # fmt: skip


def test_a_high_resolution_alarm_fires_within_seconds(timed_aws, cloudwatch, put_alarm, clock, unique):
    name = unique("alarm")
    put_alarm(name, Period=10, EvaluationPeriods=2)
    for _ in range(3):
        data = [{"MetricName": name, "Value": 99.0, "StorageResolution": 1, "Timestamp": clock.now()}]
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
        clock.advance(10)

    assert state(cloudwatch, name)["StateValue"] == "ALARM"


def test_an_expression_is_watched(cloudwatch, put_alarm, publish, clock, unique):
    name, clock_now = unique("alarm"), clock.advance(60 - clock.time() % 60 + 1)
    queries = [
        {"Id": key, "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric}, "Period": 60, "Stat": "Sum"}}
        for key, metric in (("e", f"{name}-errors"), ("n", f"{name}-requests"))
    ]  # fmt: skip
    queries.append({"Id": "rate", "Expression": "IF(n > 10, FILL(e, 0) / n, 0)", "Label": "error rate"})
    cloudwatch.put_metric_alarm(
        AlarmName=name, Metrics=queries, EvaluationPeriods=1, Threshold=0.05, ComparisonOperator="GreaterThanThreshold"
    )
    publish(f"{name}-requests", *[1.0] * 100)
    clock.advance(60)
    calm = state(cloudwatch, name)["StateValue"]
    publish(f"{name}-requests", *[1.0] * 100)
    publish(f"{name}-errors", *[1.0] * 10)
    clock.advance(60)

    assert (clock_now, calm, state(cloudwatch, name)["StateValue"]) == (None, "OK", "ALARM")


def test_percentiles_of_few_samples_may_be_ignored(cloudwatch, put_alarm, publish, clock, unique):
    ignoring, evaluating = unique("alarm"), unique("alarm")
    for name, low in ((ignoring, "ignore"), (evaluating, "evaluate")):
        settings = {"ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": low}
        clock.advance(60 - clock.time() % 60 + 1)
        cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace=NAMESPACE, MetricName="slow" + ignoring, Period=60, EvaluationPeriods=1,
            Threshold=10, ComparisonOperator="GreaterThanThreshold", **settings,
        )  # fmt: skip
    publish("slow" + ignoring, *[20.0] * 50)
    clock.advance(60)

    assert state(cloudwatch, evaluating)["StateValue"] == "ALARM"
    assert state(cloudwatch, ignoring)["StateValue"] == "INSUFFICIENT_DATA"


def test_a_state_that_was_set_lasts_until_the_next_evaluation(cloudwatch, put_alarm, clock, unique, queue):
    name, (topic, received) = unique("alarm"), queue
    put_alarm(name, AlarmActions=[topic])
    clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    was_set = state(cloudwatch, name)
    clock.advance(60)

    assert (was_set["StateValue"], was_set["StateReason"]) == ("ALARM", "a test")
    assert state(cloudwatch, name)["StateValue"] == "OK"
    assert len(received()) == 1


def test_an_alarm_whose_actions_are_disabled_tells_nobody(cloudwatch, put_alarm, publish, clock, unique, queue):  # noqa: PLR0917 - fixtures
    name, (topic, received) = unique("alarm"), queue
    put_alarm(name, AlarmActions=[topic])
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    publish(name, 50.0)
    clock.advance(60)

    assert state(cloudwatch, name)["StateValue"] == "ALARM"
    assert received() == []


def test_the_history_tells_what_happened(cloudwatch, put_alarm, publish, clock, unique):
    name = unique("alarm")
    put_alarm(name)
    publish(name, 50.0)
    clock.advance(60)

    items = cloudwatch.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")["AlarmHistoryItems"]

    assert items[0]["HistorySummary"] == f'Alarm "{name}" created'
    assert items[-1]["HistorySummary"].endswith("to ALARM")
    assert json.loads(items[-1]["HistoryData"])["newState"]["stateValue"] == "ALARM"


def test_a_composite_alarm_follows_its_children(cloudwatch, put_alarm, clock, unique, queue):
    first, second, both = unique("alarm"), unique("alarm"), unique("composite")
    topic, received = queue
    put_alarm(first)
    put_alarm(second)
    rule = f'ALARM({first}) AND (ALARM("{second}") OR NOT OK({second}))'
    cloudwatch.put_composite_alarm(AlarmName=both, AlarmRule=rule, AlarmActions=[topic])
    clock.advance(60)
    states = [state(cloudwatch, both)["StateValue"]]
    for name in (first, second):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
        clock.advance(10)
        states.append(state(cloudwatch, both)["StateValue"])

    [notification] = received()

    assert states == ["OK", "OK", "ALARM"]
    assert json.loads(notification["Message"])["TriggeringChildren"][0]["Arn"].endswith(second)
    assert [alarm["AlarmName"] for alarm in children(cloudwatch, both)] == sorted([first, second])


def children(cloudwatch, name):
    return cloudwatch.describe_alarms(ChildrenOfAlarmName=name)["MetricAlarms"]


@pytest.fixture
def suppressed(cloudwatch, put_alarm, clock, unique, queue):
    """A composite alarm with a suppressor: set the child, the suppressor, or read what was published."""
    child, suppressor, both = unique("alarm"), unique("suppressor"), unique("composite")
    topic, received = queue
    put_alarm(child)
    put_alarm(suppressor)
    cloudwatch.put_composite_alarm(
        AlarmName=both, AlarmRule=f"ALARM({child})", AlarmActions=[topic], ActionsSuppressor=suppressor,
        ActionsSuppressorWaitPeriod=20, ActionsSuppressorExtensionPeriod=20,
    )  # fmt: skip
    clock.advance(60)

    def fire(*names, state="ALARM"):
        for name in names:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    return child, suppressor, both, fire, received


def test_a_suppressor_holds_actions_back(cloudwatch, clock, suppressed):
    child, suppressor, both, fire, received = suppressed
    fire(suppressor, child)
    clock.advance(10)
    during = state(cloudwatch, both)

    assert (during["StateValue"], during["ActionsSuppressedBy"]) == ("ALARM", "Alarm")
    assert received() == []


def test_actions_wait_for_a_suppressor_only_so_long(cloudwatch, clock, suppressed):
    child, _, both, fire, received = suppressed
    fire(child)
    clock.advance(10)
    during, early = state(cloudwatch, both), received()
    clock.advance(21)

    assert (during["StateValue"], during["ActionsSuppressedBy"], early) == ("ALARM", "WaitPeriod", [])
    assert len(received()) == 1
    assert "ActionsSuppressedBy" not in state(cloudwatch, both)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm is 2; it must be 1 to EvaluationPeriods"),
        ({"Period": 45}, "Period is 45; it must be 10, 20, 30 or a multiple of 60"),
        ({"Period": 3000, "EvaluationPeriods": 100}, "must be <= 86400"),
        ({"TreatMissingData": "maybe"}, "TreatMissingData is maybe"),
        ({"ExtendedStatistic": "p99"}, "Exactly one of the parameters Statistic and ExtendedStatistic"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "does not simulate anomaly detection"),
    ],
)
def test_what_cloudwatch_refuses_is_refused(put_alarm, unique, more, words):
    with pytest.raises(ClientError, match=words):
        put_alarm(unique("alarm"), **more)


def test_a_composite_alarm_of_unknown_alarms_is_refused(cloudwatch, unique):
    with pytest.raises(ClientError, match="refers to alarm nobody, which does not exist"):
        cloudwatch.put_composite_alarm(AlarmName=unique("c"), AlarmRule="ALARM(nobody)")


def test_a_month_without_data_changes_nothing(cloudwatch, put_alarm, clock, unique):
    name = unique("alarm")
    put_alarm(name)
    clock.advance(60)
    before = state(cloudwatch, name)["StateUpdatedTimestamp"]
    clock.advance(dt.timedelta(days=2).total_seconds())

    assert state(cloudwatch, name)["StateUpdatedTimestamp"] == before
