"""Endpoint configurations and endpoints as records: create, describe, list, delete, refuse; events; logs."""

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.hosting.conftest import ROLE


def test_a_configuration_is_described_listed_and_deleted(hosting):
    name = hosting.config(hosting.variant(), DataCaptureConfig=hosting.capture(), Tags=[{"Key": "a", "Value": "b"}])

    found = hosting.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    listed = hosting.sagemaker.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    tags = hosting.sagemaker.list_tags(ResourceArn=found["EndpointConfigArn"])["Tags"]
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName=name)

    assert found["ProductionVariants"][0]["InitialInstanceCount"] == 1
    assert found["DataCaptureConfig"]["InitialSamplingPercentage"] == 100
    assert [item["EndpointConfigName"] for item in listed] == [name]
    assert tags == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match=f"Could not find endpoint configuration .*{name}"):
        hosting.sagemaker.describe_endpoint_config(EndpointConfigName=name)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"InstanceType": "ml.nothing"}, "Member must satisfy enum value set"),
        ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}, "is serverless: it cannot have"),
        ({"ManagedInstanceScaling": {"Status": "ENABLED"}}, "does not simulate ManagedInstanceScaling"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(hosting, change, text):
    variant = {**hosting.variant(), **change}

    with pytest.raises(ClientError, match=text):
        hosting.config(variant)


def test_variant_names_are_unique_and_a_shadow_has_one_partner(hosting):
    with pytest.raises(ClientError, match="must be unique"):
        hosting.config(hosting.variant(), hosting.variant())
    with pytest.raises(ClientError, match="you can only specify one variant"):
        hosting.config(hosting.variant("a"), hosting.variant("b"), ShadowProductionVariants=[hosting.variant("shadow")])


def test_names_are_taken_once(hosting):
    config = hosting.config()
    name = hosting.start(config)

    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        hosting.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[hosting.variant()])
    with pytest.raises(ClientError, match="Cannot create already existing endpoint "):
        hosting.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)


def test_an_endpoint_is_created_described_listed_and_deleted(hosting):
    variant = hosting.variant(count=2, weight=0.5)
    name = hosting.start(hosting.config(variant, DataCaptureConfig=hosting.capture()))
    starting = hosting.describe(name)
    found = hosting.wait(name)

    assert starting["EndpointStatus"] == "Creating"
    [shown] = found["ProductionVariants"]
    [image] = shown.pop("DeployedImages")
    assert shown == {
        "VariantName": "champion",
        "CurrentWeight": 0.5,
        "DesiredWeight": 0.5,
        "CurrentInstanceCount": 2,
        "DesiredInstanceCount": 2,
    }
    assert "sagemaker-scikit-learn@sha256:" in image["ResolvedImage"]
    assert (found["DataCaptureConfig"]["CaptureStatus"], "FailureReason" in found) == ("Started", False)
    listed = hosting.sagemaker.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]
    assert [item["EndpointName"] for item in listed] == [name]
    hosting.delete(name)
    with pytest.raises(ClientError, match="not found"):
        hosting.ask(name)


def test_a_model_that_does_not_start_fails_the_endpoint_which_can_only_be_deleted(hosting):
    container = hosting.container("a", SAGEMAKER_PROGRAM="missing.py")
    config = hosting.config(hosting.variant(ModelName=hosting.model(PrimaryContainer=container)))
    name = hosting.start(config)

    found = hosting.wait(name)

    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check. Please check CloudWatch logs" in found["FailureReason"]
    assert "missing.py" in found["FailureReason"]
    with pytest.raises(ClientError, match="it can only be deleted"):
        hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    with pytest.raises(ClientError, match="not found"):
        hosting.ask(name)


def test_a_model_package_is_hosted(hosting, unique):
    group = unique("group")
    hosting.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    container = hosting.container("packaged", PIP_NO_BUILD_ISOLATION="0")
    package = hosting.sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    model = unique("model")
    hosting.sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=ROLE,
        Containers=[{"ModelPackageName": package, "Environment": {"ANSWER": "overridden"}}],
        EnableNetworkIsolation=True,
        VpcConfig={"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    )

    name = hosting.endpoint(hosting.variant(ModelName=model))

    assert hosting.ask(name, "x") == "overridden:x"
    [image] = hosting.describe(name)["ProductionVariants"][0]["DeployedImages"]
    assert image["SpecifiedImage"] == container["Image"]


@pytest.mark.parametrize("zones", [["us-east-1a"], ["us-east-1a", "us-east-1a"]])
def test_a_model_in_a_vpc_needs_subnets_in_two_zones(hosting, client, zones):
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    model = hosting.model(VpcConfig={"Subnets": subnets, "SecurityGroupIds": ["sg-1"]})

    found = hosting.wait(hosting.start(hosting.config(hosting.variant(ModelName=model))))

    assert found["EndpointStatus"] == "Failed"
    assert "Unable to locate at least 2 availability zone(s)" in found["FailureReason"]


def test_what_containers_write_goes_to_cloudwatch_logs(hosting, client):
    name = hosting.endpoint()
    hosting.ask(name)
    hosting.delete(name)

    logs, group = client("logs"), f"/aws/sagemaker/Endpoints/{name}"
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]

    assert stream["logStreamName"].startswith("champion/i-")
    assert any("POST /invocations" in event["message"] for event in events)


class Events:
    """Remembers what is emitted."""

    def __init__(self):
        self.emitted = []

    def emit(self, source, detail_type, detail, resources, *, region):
        self.emitted.append((source, detail_type, detail, resources, region))

    def statuses(self, name):
        return [
            detail["EndpointStatus"]
            for _, kind, detail, _, _ in self.emitted
            if kind == "SageMaker Endpoint State Change" and detail["EndpointName"] == name
        ]


@pytest.fixture
def events(local_aws, monkeypatch):
    heard = Events()
    monkeypatch.setattr(local_aws.plane.events, "emit", heard.emit)
    return heard


def test_eventbridge_is_told_of_every_change_of_status(hosting, events):
    name = hosting.endpoint()
    arn = hosting.describe(name)["EndpointArn"]
    config = hosting.config(hosting.variant(answer="new"))
    hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    hosting.wait(name)
    hosting.delete(name)

    assert events.statuses(name) == ["CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE", "DELETING"]
    source, _, detail, resources, region = next(
        item for item in events.emitted if item[1] == "SageMaker Endpoint State Change" and item[3] == [arn]
    )
    assert (source, resources, region) == ("aws.sagemaker", [arn], "us-east-1")
    assert isinstance(detail["CreationTime"], int)
    assert detail["ProductionVariants"][0]["VariantName"] == "champion"
    progress = [item[2] for item in events.emitted if item[1] == "SageMaker Endpoint Deployment State Change"]
    messages = [item["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0] for item in progress]
    assert [item["Status"] for item in messages] == ["Creating", "ActivatingTraffic"]
    assert messages[0]["StatusMessage"] == "Launching 1 instance(s)."
    kinds = {item[1] for item in events.emitted}
    assert "SageMaker Endpoint Config State Change" in kinds
