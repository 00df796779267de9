"""Endpoints in CloudFormation stacks: a stack waits for them, and changes them in place."""

import json

import pytest

from tests.integration.local_aws.hosting.conftest import ROLE


@pytest.fixture
def template(hosting):
    """Return a template of model, configuration and endpoint."""

    def template(answer):
        container = hosting.container(answer)
        variant = {
            "VariantName": "champion",
            "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1,
        }
        return json.dumps(
            {
                "Resources": {
                    "Model": {
                        "Type": "AWS::SageMaker::Model",
                        "Properties": {"ExecutionRoleArn": ROLE, "PrimaryContainer": container},
                    },
                    "Config": {
                        "Type": "AWS::SageMaker::EndpointConfig",
                        "Properties": {"ProductionVariants": [variant]},
                    },
                    "Endpoint": {
                        "Type": "AWS::SageMaker::Endpoint",
                        "Properties": {
                            "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                            "RetainAllVariantProperties": True,
                        },
                    },
                },
                "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}},
            }
        )

    return template


def test_a_stack_makes_changes_and_removes_an_endpoint(hosting, client, unique, template):
    cloudformation, name = client("cloudformation"), unique("stack")

    def stack():
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    cloudformation.create_stack(StackName=name, TemplateBody=template("old"))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    endpoint = stack()["Outputs"][0]["OutputValue"]
    assert hosting.ask(endpoint, "x") == "old:x"

    cloudformation.update_stack(StackName=name, TemplateBody=template("new"))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    assert hosting.ask(endpoint, "x") == "new:x"

    cloudformation.update_stack(StackName=name, TemplateBody=template("new").replace("serve.py", "missing.py"))
    cloudformation.get_waiter("stack_rollback_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    assert stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert hosting.ask(endpoint, "x") == "new:x"

    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    assert hosting.sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"] == []
