"""State machines that CloudFormation deploys."""

import json
import time

import pytest

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    },
}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {}}
DEFINITION = {
    "StartAt": "Say",
    "States": {"Say": {"Type": "Pass", "Parameters": {"said": "${What}"}, "End": True}},
}


@pytest.fixture
def deploy(api, unique):
    """Deploy a machine with some properties: → its ARN and its log group."""

    def deploy(**properties):
        name = unique("stack")
        destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Group", "Arn"]}}}
        machine = {
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "DefinitionSubstitutions": {"What": "hello"},
            "LoggingConfiguration": {"Level": "ALL", "IncludeExecutionData": True, "Destinations": [destination]},
            "TracingConfiguration": {"Enabled": True},
            "Tags": [{"Key": "a", "Value": "b"}],
            **properties,
        }
        resources = {
            "Role": ROLE,
            "Group": GROUP,
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
        }
        outputs = {"Machine": {"Value": {"Ref": "Machine"}}, "Group": {"Value": {"Ref": "Group"}}}
        template = json.dumps({"Resources": resources, "Outputs": outputs})
        api("cloudformation").create_stack(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
        api("cloudformation").get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        (stack,) = api("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}

    return deploy


@pytest.mark.parametrize("kind", ["object", "string", "s3"])
def test_a_definition_comes_as_an_object_a_text_or_a_file(deploy, start, stored, kind):
    given = {"object": {"Definition": DEFINITION}, "string": {"DefinitionString": json.dumps(DEFINITION)}}
    place = given.get(kind) or {"DefinitionS3Location": stored(json.dumps(DEFINITION))}

    deployed = deploy(**place)

    assert start(deployed["Machine"]).output() == {"said": "hello"}


def test_a_machine_logs_its_events(api, deploy, start):
    deployed = deploy(Definition=DEFINITION)
    execution = start(deployed["Machine"])
    execution.ended()

    end = time.monotonic() + 10
    while len(events := api("logs").filter_log_events(logGroupName=deployed["Group"])["events"]) < 4:
        assert time.monotonic() < end

    lines = [json.loads(event["message"]) for event in events]
    assert [line["type"] for line in lines] == execution.kinds()
    assert json.loads(lines[-1]["details"]["output"]) == {"said": "hello"}
    assert api("stepfunctions").list_tags_for_resource(resourceArn=deployed["Machine"])["tags"][0] == {
        "key": "a",
        "value": "b",
    }
