"""Tasks of state machines: calls of services, their errors, retries, and the waits for what they start."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.job_driver import IMAGE

CALLING = ("states:StartExecution", "states:DescribeExecution")
WATCHING = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
GET = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters.$": "$", "End": True}


def get(**members):
    parameters = {"Bucket.$": "$.Bucket", "Key.$": "$.Key"}
    return {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters": parameters, **members}


def test_a_task_calls_any_service_in_pascal_case(machine, start, stored):
    selected = {"text.$": "$.Body", "size.$": "$.ContentLength"}
    arn = machine({"Get": get(ResultSelector=selected, ResultPath="$.got", End=True)}, "s3:GetObject")
    place = stored("hello")

    execution = start(arn, place)

    assert execution.output() == {**place, "got": {"text": "hello", "size": 5}}
    kinds = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
    assert execution.kinds() == ["ExecutionStarted", *kinds, "ExecutionSucceeded"]


def test_an_error_has_the_services_name_and_can_be_caught(machine, start, stored):
    catch = [{"ErrorEquals": ["S3.NoSuchKeyException"], "ResultPath": "$.error", "Next": "Caught"}]
    arn = machine({"Get": get(Catch=catch, End=True), "Caught": {"Type": "Succeed"}}, "s3:GetObject", "s3:ListBucket")

    output = start(arn, stored(None)).output()

    assert output["error"]["Error"] == "S3.NoSuchKeyException"


def test_the_role_of_the_machine_is_what_decides(machine, start, stored):
    execution = start(machine({"Get": get(End=True)}), stored("secret"))

    ended = execution.ended()

    assert (ended["status"], ended["error"]) == ("FAILED", "S3.AccessDeniedException")
    assert "is not authorized to perform: s3:GetObject" in ended["cause"]
    assert "/StepFunctions" in ended["cause"]


def test_a_role_that_does_not_trust_step_functions_runs_nothing(api, unique, role, start):
    definition = {"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}}
    arn = api("stepfunctions").create_state_machine(
        name=unique("machine"), definition=json.dumps(definition), roleArn=role("lambda.amazonaws.com")
    )["stateMachineArn"]

    ended = start(arn).ended()

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Permissions")
    assert "not authorized to assume the provided role" in ended["cause"]


def test_a_retry_backs_off_by_the_local_clock(aws, api, machine, start, stored):
    retry = [{"ErrorEquals": ["S3.NoSuchKeyException"], "IntervalSeconds": 600, "BackoffRate": 2, "MaxAttempts": 3}]
    arn = machine({"Get": get(Retry=retry, End=True)}, "s3:GetObject", "s3:ListBucket")
    place = stored(None)
    execution = start(arn, place)
    execution.until_event("TaskFailed")
    aws.plane.clock.advance(601)
    execution.until_event("TaskFailed", 2)
    api("s3").put_object(**place, Body=b"late")

    aws.plane.clock.advance(1100)
    assert execution.described()["status"] == "RUNNING"
    aws.plane.clock.advance(101)

    assert execution.output()["Body"] == "late"


def test_parameters_that_the_operation_does_not_have_fail_the_task(machine, start):
    state = {**GET, "Parameters": {"Bucket": "bucket", "Key": "key", "Kez": "key"}}
    del state["Parameters.$"]

    ended = start(machine({"Get": state}, "s3:GetObject")).ended()

    assert (ended["error"], "'Kez' is not supported" in ended["cause"]) == ("States.Runtime", True)


def test_a_token_is_answered_by_whoever_got_it(aws, api, machine, start, unique):
    queue = api("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    parameters = {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token", "of.$": "$$.Execution.Name"}}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    arn = machine(
        {"Ask": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}}, "sqs:SendMessage"
    )
    execution = start(arn)
    body = json.loads(api("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]["Body"])

    api("stepfunctions").send_task_success(taskToken=body["token"], output='{"approved": true}')

    assert execution.output() == {"approved": True}
    assert body["of"] == execution.arn.rpartition(":")[2]


def test_a_token_without_heartbeats_fails_by_the_local_clock(aws, machine, start, api, unique):
    queue = api("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "HeartbeatSeconds": 3600,
        "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}],
        "End": True,
    }
    execution = start(machine({"Ask": state, "Late": {"Type": "Pass", "End": True}}, "sqs:SendMessage"))
    execution.until_event("TaskSubmitted")

    aws.plane.clock.advance(3601)

    assert execution.output()["Error"] == "States.HeartbeatTimeout"


def test_an_inner_execution_returns_its_parsed_output(machine, start):
    inner = machine({"Add": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.a, 1)"}, "End": True}})
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": {"a.$": "$.a"}},
        "OutputPath": "$.Output",
        "End": True,
    }

    execution = start(machine({"Call": state}, *CALLING, *WATCHING), {"a": 41})

    assert execution.output() == {"sum": 42}


def test_a_role_that_may_not_make_the_rule_of_a_sync_task_is_refused(machine):
    state = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "End": True}

    with pytest.raises(ClientError, match=r"not authorized to create managed-rule .*ProcessingJobsRule"):
        machine({"Job": state}, "sagemaker:CreateProcessingJob")


def job(name, code, **members):
    parameters = {
        "ProcessingJobName": name,
        "RoleArn.$": "$.role",
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", code]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    resource = "arn:aws:states:::sagemaker:createProcessingJob.sync"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **members, "End": True}


RUNNING = (
    "sagemaker:CreateProcessingJob",
    "sagemaker:DescribeProcessingJob",
    "sagemaker:StopProcessingJob",
    "iam:PassRole",
)


def test_a_job_that_fails_fails_its_task_with_its_description(machine, start, role, unique):
    state = job(unique("job"), "raise SystemExit(3)", Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}])
    arn = machine({"Job": state, "Caught": {"Type": "Pass", "End": True}}, *RUNNING, *WATCHING)

    output = start(arn, {"role": role("sagemaker.amazonaws.com", "*")}).output()

    assert output["Error"] == "States.TaskFailed"
    assert json.loads(output["Cause"])["ProcessingJobStatus"] == "Failed"


def test_stopping_an_execution_stops_the_job_it_waits_for(api, machine, start, role, unique):
    name = unique("job")
    state = job(name, "import time; time.sleep(60)")
    execution = start(machine({"Job": state}, *RUNNING, *WATCHING), {"role": role("sagemaker.amazonaws.com", "*")})
    execution.until_event("TaskSubmitted")

    api("stepfunctions").stop_execution(executionArn=execution.arn)

    status = lambda: api("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]  # noqa: E731 - a probe
    execution.until(lambda: status() in {"Stopping", "Stopped"})
    assert execution.kinds()[-1] == "ExecutionAborted"


def test_messages_to_topics_may_be_json(api, machine, start, unique):
    topic = api("sns").create_topic(Name=unique("topic"))["TopicArn"]
    queue = api("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    address = api("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    raw = {"RawMessageDelivery": "true"}
    api("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=address, Attributes=raw)
    parameters = {"TopicArn": topic, "Message": {"version.$": "$.version"}}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters, "End": True}

    start(machine({"Tell": state}, "sns:Publish"), {"version": 7}).output()

    message = api("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    assert json.loads(message["Body"]) == {"version": 7}
