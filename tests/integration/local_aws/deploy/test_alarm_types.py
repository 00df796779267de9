"""Types that watch: alarms, composite alarms, dashboards."""

import json


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def test_alarms_are_made_changed_and_removed(deploy, resources, client, unique):
    name = unique("alarm")

    def watching(threshold, *more):
        alarm = of(
            "CloudWatch::Alarm", AlarmName=name, Namespace="N", MetricName="M", Statistic="Sum", Period="60",
            EvaluationPeriods="3", DatapointsToAlarm=2, Threshold=threshold, TreatMissingData="notBreaching",
            ComparisonOperator="GreaterThanThreshold", Dimensions=[{"Name": "EndpointName", "Value": "e"}],
            Tags=[{"Key": "team", "Value": "a"}],
        )  # fmt: skip
        rule = {"Fn::Sub": "ALARM(${Alarm}) OR ALARM(${Alarm.Arn})"}
        composite = of("CloudWatch::CompositeAlarm", AlarmName=f"{name}-page", AlarmRule=rule)
        body = {"Fn::Sub": json.dumps({"widgets": [{"type": "alarm", "properties": {"alarms": ["${Alarm.Arn}"]}}]})}
        parts = {"Alarm": alarm, "Page": composite, "Board": of("CloudWatch::Dashboard", DashboardBody=body)}
        return {key: part for key, part in parts.items() if key in {"Alarm", *more}}

    cloudwatch = client("cloudwatch")
    deploy(watching(1, "Page", "Board"))
    board = resources()["Board"]
    deploy(watching(5, "Page", "Board"))
    alarm, page = (cloudwatch.describe_alarms(AlarmNames=[item]) for item in (name, f"{name}-page"))

    assert alarm["MetricAlarms"][0]["Threshold"] == 5
    arn = alarm["MetricAlarms"][0]["AlarmArn"]
    assert page["CompositeAlarms"][0]["AlarmRule"] == f"ALARM({name}) OR ALARM({arn})"
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"][0] == {"Key": "team", "Value": "a"}
    assert arn in cloudwatch.get_dashboard(DashboardName=board)["DashboardBody"]

    deploy(watching(5))
    left = cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    boards = cloudwatch.list_dashboards(DashboardNamePrefix=board)["DashboardEntries"]
    assert ([item["AlarmName"] for item in left["MetricAlarms"]], left["CompositeAlarms"], boards) == ([name], [], [])
