"""Lambda and Callback steps on a running local AWS."""

import io
import json
import zipfile

import pytest

from tests.integration.local_aws.pipeline_engine.pipelines import condition, fail

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def function(client, unique):
    """Create a Lambda function from Python code: `function("def handler(event, context): …")` → its ARN."""

    def make(code: str, **settings) -> str:
        name = unique("function")
        role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", code)
        request = {"Runtime": "python3.12", "Timeout": 30, "Handler": "app.handler", **settings}
        created = client("lambda").create_function(
            FunctionName=name, Role=role, Code={"ZipFile": archive.getvalue()}, **request
        )
        return str(created["FunctionArn"])

    return make


def lambda_step(arn, arguments=None, **outputs):
    listed = [{"OutputName": name, "OutputType": kind} for name, kind in outputs.items()]
    return {
        "Name": "Ask",
        "Type": "Lambda",
        "FunctionArn": arn,
        "Arguments": arguments or {},
        "OutputParameters": listed,
    }


def gate(value, wanted):
    answer = {"Get": f"Steps.Ask.OutputParameters['{value}']"}
    return condition("Gate", [{"Type": "Equals", "LeftValue": answer, "RightValue": wanted}], [], [fail("No", answer)])


def test_a_lambda_function_gets_its_arguments_and_returns_typed_outputs(create, function):
    arn = function("def handler(event, context):\n    return {'rows': event['rows'] + 1, 'other': [1]}")
    pipeline = create(
        lambda_step(arn, {"rows": {"Get": "Parameters.Rows"}}, rows="Integer"),
        gate("rows", 8),
        Parameters=[{"Name": "Rows", "Type": "Integer", "DefaultValue": 7}],
    )

    execution = pipeline.run()

    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    step = pipeline.steps(execution["PipelineExecutionArn"])["Ask"]
    assert step["Metadata"]["Lambda"] == {"Arn": arn, "OutputParameters": [{"Name": "rows", "Value": "8"}]}


def test_a_lambda_function_reaches_the_local_aws_and_logs(create, function, client, bucket):
    code = (
        "import boto3, os\n"
        "def handler(event, context):\n"
        "    print('remaining', context.get_remaining_time_in_millis() > 0)\n"
        "    boto3.client('s3').put_object(Bucket=os.environ['BUCKET'], Key='key', Body=b'hello')\n"
        "    return {'name': context.function_name}\n"
    )
    arn = function(code, Environment={"Variables": {"BUCKET": bucket}})

    execution = create(lambda_step(arn, name="String")).run()

    assert execution["PipelineExecutionStatus"] == "Succeeded", execution.get("FailureReason")
    assert client("s3").get_object(Bucket=bucket, Key="key")["Body"].read() == b"hello"
    events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{arn.rpartition(':')[2]}")["events"]
    assert [event["message"] for event in events] == ["remaining True"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def handler(event, context):\n    raise KeyError('rows')", "Error Details: KeyError: 'rows'"),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def handler(event, context):\n    return {}", "'rows' of type Integer was not returned; returned are []"),
        ("def handler(event, context):\n    return {'rows': 'x'}", "'rows' must be of type Integer"),
        ("def handler(event, context):\n    return {'rows': object()}", "TypeError: Object of type object"),
        (
            "import os\ndef handler(event, context):\n    os._exit(1)",
            "the function's process exited before it returned",
        ),
    ],
)
def test_a_lambda_function_that_fails_is_the_failure_reason(create, function, code, reason):
    execution = create(lambda_step(function(code), rows="Integer")).run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert reason in execution["FailureReason"]


def test_a_lambda_function_out_of_time_is_ended(create, function):
    arn = function("import time\ndef handler(event, context):\n    time.sleep(600)", Timeout=1)

    assert "Task timed out after 1.00 seconds" in create(lambda_step(arn)).run()["FailureReason"]


def test_other_runtimes_and_missing_functions_are_refused(create, function):
    arn = function("", Runtime="nodejs20.x")

    assert "Runtime 'nodejs20.x' is not simulated" in create(lambda_step(arn)).run()["FailureReason"]
    missing = "arn:aws:lambda:us-east-1:123456789012:function:missing"
    assert f"Function not found: {missing}" in create(lambda_step(missing)).run()["FailureReason"]


def test_a_callback_is_answered_through_its_queue(create, client, unique):
    queue = client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    step = {
        "Name": "Ask",
        "Type": "Callback",
        "SqsQueueUrl": queue,
        "Arguments": {"stage": "test"},
        "OutputParameters": [{"OutputName": "approved", "OutputType": "Boolean"}],
    }
    pipeline = create(step, gate("approved", True))
    arn = pipeline.start()

    messages = client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    body = json.loads(messages[0]["Body"])
    client("sagemaker").send_pipeline_execution_step_success(
        CallbackToken=body["token"], OutputParameters=[{"Name": "approved", "Value": "true"}]
    )

    assert pipeline.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert (body["pipelineExecutionArn"], body["arguments"], body["status"]) == (arn, {"stage": "test"}, "Executing")
