"""Lambda functions as tasks, and through Lambda's own API."""

import io
import json
import zipfile

import pytest

CODE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("no such thing")
    return {"doubled": event["n"] * 2}
"""


@pytest.fixture
def function(api, role, unique):
    """A function that doubles, or fails."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", CODE)
    request = {"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 30, "Role": role("lambda.amazonaws.com")}
    return api("lambda").create_function(
        FunctionName=unique("function"), Code={"ZipFile": archive.getvalue()}, **request
    )["FunctionArn"]


def invoke(function, **members):
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": parameters,
        "End": True,
        **members,
    }


def test_a_task_invokes_a_function(machine, start, function):
    arn = machine({"Call": invoke(function, OutputPath="$.Payload")}, "lambda:InvokeFunction")

    assert start(arn, {"n": 21}).output() == {"doubled": 42}


def test_a_function_can_be_the_resource_itself(machine, start, function):
    arn = machine({"Call": {"Type": "Task", "Resource": function, "End": True}}, "lambda:InvokeFunction")

    assert start(arn, {"n": 21}).output() == {"doubled": 42}


def test_the_error_of_a_function_is_named_after_its_exception(machine, start, function):
    catch = [{"ErrorEquals": ["ValueError"], "Next": "Caught"}]
    states = {"Call": invoke(function, Catch=catch), "Caught": {"Type": "Pass", "End": True}}

    output = start(machine(states, "lambda:InvokeFunction"), {"fail": True}).output()

    assert json.loads(output["Cause"])["errorMessage"] == "no such thing"


def test_a_role_that_may_not_invoke_fails_its_task(machine, start, function):
    ended = start(machine({"Call": invoke(function)}), {"n": 1}).ended()

    assert "is not authorized to perform: lambda:InvokeFunction" in ended["cause"]


def test_a_client_sees_a_functions_answer_and_its_error(api, function):
    good = api("lambda").invoke(FunctionName=function, Payload=b'{"n": 1}')
    bad = api("lambda").invoke(FunctionName=function, Payload=b'{"fail": true}')

    assert (json.load(good["Payload"]), good["StatusCode"]) == ({"doubled": 2}, 200)
    assert (bad["FunctionError"], json.load(bad["Payload"])["errorType"]) == ("Unhandled", "ValueError")


def test_a_function_that_is_not_there_is_said_so(api, unique):
    with pytest.raises(api("lambda").exceptions.ResourceNotFoundException):
        api("lambda").invoke(FunctionName=unique("nothing"))
