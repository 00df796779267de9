"""With IAM enforced, roles need permissions for CloudWatch, and alarms the topic's and its key's policy."""

import json

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.settings import Settings

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(Settings(root=tmp_path_factory.mktemp("enforced"), iam="enforce")) as running:
        yield running


def admin(aws, service):
    return aws.boto3_session().client(service)


def role(aws, unique, *statements):
    """Make a role with a policy; return its ARN."""
    name, trust = unique("role"), {"Service": "sagemaker.amazonaws.com"}
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}],
    }
    iam = admin(aws, "iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return arn


def allow(action, resource="*", **condition):
    return {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def test_a_role_publishes_to_the_namespaces_it_is_given(aws, unique):
    given = allow("cloudwatch:PutMetricData", StringEquals={"cloudwatch:namespace": "Mine"})
    cloudwatch = aws.plane.client("cloudwatch", "us-east-1", role(aws, unique, given))
    data = [{"MetricName": "m", "Value": 1.0}]

    cloudwatch.put_metric_data(Namespace="Mine", MetricData=data)
    with pytest.raises(ClientError, match="is not authorized to perform: cloudwatch:PutMetricData") as error:
        cloudwatch.put_metric_data(Namespace="Other", MetricData=data)

    assert error.value.response["Error"]["Code"] == "AccessDenied"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_role_reads_the_alarms_it_is_given(aws, unique):
    arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:mine-*"
    cloudwatch = aws.plane.client("cloudwatch", "us-east-1", role(aws, unique, allow("cloudwatch:DescribeAlarms", arn)))

    assert cloudwatch.describe_alarms(AlarmNames=["mine-a"])["MetricAlarms"] == []
    with pytest.raises(ClientError, match="cloudwatch:DescribeAlarms"):
        cloudwatch.describe_alarms()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_an_alarm_publishes_only_where_the_topic_lets_cloudwatch(aws, unique, is_allowed):
    name, sns, cloudwatch = unique("alarm"), admin(aws, "sns"), admin(aws, "cloudwatch")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    other = {**statement, "Principal": {"Service": "events.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [statement if is_allowed else other]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="N", MetricName="M", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
    )  # fmt: skip

    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")

    items = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    data = json.loads(items[0]["HistoryData"])
    assert data["actionState"] == ("Succeeded" if is_allowed else "Failed")
    assert is_allowed or "cloudwatch.amazonaws.com is not authorized to perform: sns:Publish" in data["error"]
