"""Types that serve: endpoints that scale, state machines."""

import json

from tests.integration.local_aws.hosting.conftest import Hosting

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def test_serving_scales(deploy, resources, client, unique, bucket):
    name = unique("endpoint")
    variant = {
        "VariantName": "main",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": "2",
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1,
    }
    container = Hosting(client, bucket, unique).container("a")
    target = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    tracking = {
        "TargetValue": 70,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }

    def serving(most):
        return {
            "Model": of(
                "SageMaker::Model", ExecutionRoleArn={"Fn::GetAtt": ["Job", "Arn"]}, PrimaryContainer=container
            ),
            "Job": ROLE,
            "Config": of("SageMaker::EndpointConfig", ProductionVariants=[variant]),
            "Endpoint": of(
                "SageMaker::Endpoint",
                EndpointName=name,
                EndpointConfigName={"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            ),
            "Target": of(
                "ApplicationAutoScaling::ScalableTarget",
                **target,
                ResourceId={"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/main"},
                MinCapacity=2,
                MaxCapacity=most,
            ),
            "Scaling": of(
                "ApplicationAutoScaling::ScalingPolicy",
                PolicyName="load",
                PolicyType="TargetTrackingScaling",
                ScalingTargetId={"Ref": "Target"},
                TargetTrackingScalingPolicyConfiguration=tracking,
            ),
        }

    deploy(serving(4))
    deploy(serving(8))

    endpoint = client("sagemaker").describe_endpoint(EndpointName=name)
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == variant_count(variant)
    scaling = client("application-autoscaling")
    resource = f"endpoint/{name}/variant/main"
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])
    assert found["ScalableTargets"][0]["MaxCapacity"] == 8
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource)["ScalingPolicies"]
    assert [item["PolicyName"] for item in policies] == ["load"]
    assert resources()["Endpoint"].endswith(f"endpoint/{name}")


def variant_count(variant):
    return int(variant["InitialInstanceCount"])


def test_a_state_machine_and_a_function(deploy, resources, client):
    def machine(comment):
        states = {"Done": {"Type": "Succeed", "Comment": "${Job}"}}
        return {
            "Job": ROLE,
            "Machine": of(
                "StepFunctions::StateMachine",
                RoleArn={"Fn::GetAtt": ["Job", "Arn"]},
                Definition={"Comment": comment, "StartAt": "Done", "States": states},
                DefinitionSubstitutions={"Job": {"Ref": "Job"}},
            ),
        }

    deploy(machine("first"))
    deploy(machine("second"))

    found = client("stepfunctions").describe_state_machine(stateMachineArn=resources()["Machine"])
    assert json.loads(found["definition"])["Comment"] == "second"
    assert json.loads(found["definition"])["States"]["Done"]["Comment"] == resources()["Job"]
