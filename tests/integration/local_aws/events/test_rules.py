"""Rules: which events reach which targets, in which shape, as whom; and what becomes of those that reach none."""

import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

EVENTS = "events.amazonaws.com"


def test_an_event_reaches_the_queue_of_a_matching_rule_only(queue, rule, put, unique):
    source, mine, others = unique("source"), queue(), queue()
    mine.allow(EVENTS, rule({"source": [source], "detail": {"n": [{"numeric": [">", 5]}]}}, {"Arn": mine.arn}))
    others.allow(EVENTS, rule({"source": [source], "detail": {"n": [{"exists": False}]}}, {"Arn": others.arn}))

    event_id = put(source, "Kind", {"n": 6}, Resources=["arn:aws:s3:::bucket"])["Entries"][0]["EventId"]

    (event,) = mine.bodies()
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": "Kind",
        "source": source,
        "account": "123456789012",
        "region": "us-east-1",
        "resources": ["arn:aws:s3:::bucket"],
        "detail": {"n": 6},
    }
    assert others.messages(seconds=1) == []


def test_an_event_starts_a_machine_as_the_targets_role(api, machine, role, rule, put, unique):  # noqa: PLR0917 - fixtures
    arn, source = machine({"Done": {"Type": "Pass", "End": True}}), unique("source")
    target = {"Arn": arn, "RoleArn": role(EVENTS, "states:StartExecution"), "InputPath": "$.detail"}
    rule({"source": [source]}, target)

    put(source, "Kind", {"version": 7})

    execution = until(lambda: api("stepfunctions").list_executions(stateMachineArn=arn)["executions"])[0]
    described = api("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"version": 7}


@pytest.mark.parametrize(
    ("service", "actions", "code"),
    [
        (EVENTS, [], "AccessDeniedException"),
        ("lambda.amazonaws.com", ["states:StartExecution"], "AccessDeniedException"),
    ],
    ids=["may not start", "does not trust"],
)
def test_what_a_role_may_not_do_ends_in_the_dead_letter_queue(  # noqa: PLR0917 - fixtures
    machine, role, rule, queue, put, unique, service, actions, code
):
    dead, source = queue(), unique("source")
    arn = machine({"Done": {"Type": "Pass", "End": True}})
    target = {"Arn": arn, "RoleArn": role(service, *actions), "DeadLetterConfig": {"Arn": dead.arn}}
    rule_arn = rule({"source": [source]}, target)
    dead.allow(EVENTS, rule_arn)

    put(source, "Kind", {})

    (message,) = dead.messages()
    attributes = {name: item["StringValue"] for name, item in message["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"], attributes["ERROR_CODE"]) == (rule_arn, arn, code)
    assert attributes["RETRY_ATTEMPTS"] == "0"


def test_a_queue_that_does_not_let_events_in_gets_nothing(queue, rule, put, unique):
    closed, source = queue(), unique("source")
    rule({"source": [source]}, {"Arn": closed.arn})

    put(source, "Kind", {})

    assert closed.messages(seconds=1) == []


def test_a_disabled_rule_does_nothing(queue, rule, put, unique):
    target, source = queue(), unique("source")
    target.allow(EVENTS, rule({"source": [source]}, {"Arn": target.arn}, State="DISABLED"))

    put(source, "Kind", {})

    assert target.messages(seconds=1) == []


@pytest.mark.parametrize(
    ("shape", "received"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.inner"}, {"a": [1, 2]}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"kind": "$.detail-type", "inner": "$.detail.inner", "none": "$.detail.none"},
                    "InputTemplate": '{"text": "a <kind> of <aws.events.rule-name>", "inner": <inner>, "kind": <kind>}',
                }
            },
            {"text": "a Kind of RULE", "inner": {"a": [1, 2]}, "kind": "Kind"},
        ),
    ],
    ids=["constant", "path", "template"],
)
def test_a_target_receives_what_it_asks_for(queue, rule, put, unique, shape, received):  # noqa: PLR0917 - fixtures
    target, source = queue(), unique("source")
    arn = rule({"source": [source]}, {"Arn": target.arn, **shape})
    target.allow(EVENTS, arn)

    put(source, "Kind", {"inner": {"a": [1, 2]}})

    text = json.dumps(target.bodies()[0]).replace(arn.rpartition("/")[2], "RULE")
    assert json.loads(text) == received


def test_a_topic_hands_events_on_to_its_queue(api, queue, rule, put, unique):
    topic = api("sns").create_topic(Name=unique("topic"))["TopicArn"]
    target, source = queue(), unique("source")
    raw = {"RawMessageDelivery": "true"}
    api("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=target.arn, Attributes=raw)
    rule_arn = rule({"source": [source]}, {"Arn": topic, "InputPath": "$.detail"})
    statement = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": topic}
    statement["Condition"] = {"ArnLike": {"aws:SourceArn": rule_arn}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    put(source, "Kind", {"a": 1})

    assert target.bodies() == [{"a": 1}]


def test_an_encrypted_topic_takes_events_only_by_a_key_that_lets_them(api, queue, rule, put, unique):
    topic = api("sns").create_topic(Name=unique("topic"), Attributes={"KmsMasterKeyId": "alias/aws/sns"})["TopicArn"]
    dead, source = queue(), unique("source")
    rule_arn = rule({"source": [source]}, {"Arn": topic, "DeadLetterConfig": {"Arn": dead.arn}})
    dead.allow(EVENTS, rule_arn)
    statement = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    put(source, "Kind", {})

    (message,) = dead.messages()
    assert "kms:GenerateDataKey" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_an_encrypted_topic_takes_events_by_its_keys_policy(api, queue, rule, put, unique):
    use = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"]}
    only = {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:us-east-1:123456789012:topic-*"}}
    policy = {"Version": "2012-10-17", "Statement": [{**use, "Resource": "*", "Condition": only}]}
    key = api("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    topic = api("sns").create_topic(Name=unique("topic"), Attributes={"KmsMasterKeyId": key})["TopicArn"]
    target, source = queue(), unique("source")
    raw = {"RawMessageDelivery": "true"}
    api("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=target.arn, Attributes=raw)
    rule({"source": [source]}, {"Arn": topic, "InputPath": "$.detail"})
    statement = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    put(source, "Kind", {"a": 1})

    assert target.bodies() == [{"a": 1}]


def test_a_bus_hands_events_on_to_another_bus(api, queue, rule, put, role, unique):  # noqa: PLR0917 - fixtures
    bus = api("events").create_event_bus(Name=unique("bus"))["EventBusArn"]
    target, source = queue(), unique("source")
    rule({"source": [source]}, {"Arn": bus, "RoleArn": role(EVENTS, "events:PutEvents")})
    target.allow(EVENTS, rule({"source": [source]}, {"Arn": target.arn}, bus=bus.rpartition("/")[2]))

    put(source, "Kind", {"a": 1})

    assert target.bodies()[0]["detail"] == {"a": 1}


def test_a_bus_takes_no_events_of_a_role_that_may_not_put_any(  # noqa: PLR0917 - fixtures
    api, queue, rule, put, role, unique
):
    bus = api("events").create_event_bus(Name=unique("bus"))["EventBusArn"]
    dead, source = queue(), unique("source")
    target = {"Arn": bus, "RoleArn": role(EVENTS), "DeadLetterConfig": {"Arn": dead.arn}}
    dead.allow(EVENTS, rule({"source": [source]}, target))

    put(source, "Kind", {})

    (message,) = dead.messages()
    assert "events:PutEvents" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_a_log_group_gets_the_event(api, rule, put, unique):
    group, source = f"/aws/events/{unique('group')}", unique("source")
    api("logs").create_log_group(logGroupName=group)
    rule({"source": [source]}, {"Arn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"})

    put(source, "Kind", {"a": 1})

    (event,) = until(lambda: api("logs").filter_log_events(logGroupName=group)["events"])
    assert json.loads(event["message"])["detail"] == {"a": 1}


def test_a_function_gets_the_event(api, role, rule, put, queue, unique):  # noqa: PLR0917 - fixtures
    done, source, name = queue(), unique("source"), unique("function")
    archive = io.BytesIO()
    code = (
        "import boto3, json, os\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl='{done.url}', MessageBody=json.dumps(event['detail']))\n"
    )
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", code)
    owner = role("lambda.amazonaws.com", "sqs:SendMessage")
    request = {
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Timeout": 30,
        "Code": {"ZipFile": archive.getvalue()},
    }
    arn = api("lambda").create_function(FunctionName=name, Role=owner, **request)["FunctionArn"]
    rule_arn = rule({"source": [source]}, {"Arn": arn})
    permission = {
        "StatementId": "events",
        "Action": "lambda:InvokeFunction",
        "Principal": EVENTS,
        "SourceArn": rule_arn,
    }
    api("lambda").add_permission(FunctionName=name, **permission)

    put(source, "Kind", {"a": 1})

    assert done.bodies(seconds=20) == [{"a": 1}]


def test_a_bucket_tells_of_its_objects(api, queue, rule, unique):
    target, bucket = queue(), unique("bucket")
    api("s3").create_bucket(Bucket=bucket)
    api("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    target.allow(EVENTS, rule(pattern, {"Arn": target.arn, "InputPath": "$.detail.object"}))

    api("s3").put_object(Bucket=bucket, Key="a/b", Body=b"abc")

    (told,) = target.bodies()
    assert (told["key"], told["size"]) == ("a/b", 3)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "aws.mine"}, "NotAuthorizedForSourceException"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"DetailType": ""}, "InvalidArgument"),
        ({"EventBusName": "nowhere"}, "ResourceNotFoundException"),
    ],
)
def test_a_bad_entry_is_refused_on_its_own(api, entry, code):
    good = {"Source": "mine", "DetailType": "Kind", "Detail": "{}"}

    response = api("events").put_events(Entries=[good, {**good, **entry}])

    assert (response["FailedEntryCount"], response["Entries"][1]["ErrorCode"]) == (1, code)
    assert response["Entries"][0]["EventId"]


def test_a_pattern_that_is_none_is_refused(api):
    with pytest.raises(api("events").exceptions.InvalidEventPatternException, match="Unrecognized match type"):
        api("events").put_rule(Name="bad", EventPattern='{"source": [{"like": "x"}]}')


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}, "RoleArn is required for target"),
        ({"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "Input": "{}", "InputPath": "$"}, "Only one of Input"),
    ],
)
def test_a_target_that_cannot_work_is_refused(api, rule, members, problem):
    name = rule({"source": ["mine"]}).rpartition("/")[2]

    with pytest.raises(ClientError, match=problem):
        api("events").put_targets(Rule=name, Targets=[{"Id": "1", **members}])


def test_a_schedule_that_is_none_is_refused(api):
    with pytest.raises(ClientError, match="has 5 fields"):
        api("events").put_rule(Name="bad", ScheduleExpression="cron(0 6 * * ?)")


def until(found):
    end = time.monotonic() + 15
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value
