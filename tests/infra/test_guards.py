"""The platform's own rules pass, and each catches a fault that is planted into the very templates."""

import json

import pytest

from infra.checks.guards import problems


def only(assembly, kind, part=""):
    return next(resource for resource in assembly.resources(kind) if part in resource.logical_id).raw["Properties"]


def add(assembly, kind, **properties):
    stack = assembly.templates["FlightDelay-sandbox-Training"]["Resources"]
    stack["Planted12345678"] = {"Type": kind, "Properties": properties}


def edit_definition(assembly, step, edit):
    pipeline = next(assembly.resources("AWS::SageMaker::Pipeline"))
    definition = json.loads(pipeline.properties["PipelineDefinition"]["PipelineDefinitionBody"])
    edit(next(item for item in definition["Steps"] if item["Name"] == step)["Arguments"])
    pipeline.raw["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"] = json.dumps(definition)


def drop_tls(assembly):
    statements = only(assembly, "AWS::S3::BucketPolicy", "Raw")["PolicyDocument"]["Statement"]
    statements[:] = [s for s in statements if s.get("Condition", {}).get("Bool") != {"aws:SecureTransport": "false"}]


def open_key(assembly):
    statement = only(assembly, "AWS::KMS::Key", "ModelKey")["KeyPolicy"]["Statement"][1]
    del statement["Condition"]


def any_workflow(assembly):
    trust = only(assembly, "AWS::IAM::Role", "Deploy")["AssumeRolePolicyDocument"]["Statement"][0]
    trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] = "repo:OWNER/*"


FAULTS = {
    "bucket without TLS deny": (drop_tls, "allows requests without TLS"),
    "unversioned bucket": (
        lambda a: only(a, "AWS::S3::Bucket", "Curated").pop("VersioningConfiguration"),
        "is not versioned",
    ),
    "unencrypted bucket": (
        lambda a: only(a, "AWS::S3::Bucket", "Raw").pop("BucketEncryption"),
        "no default encryption",
    ),
    "bucket open to ACLs": (
        lambda a: only(a, "AWS::S3::Bucket", "Raw").pop("OwnershipControls"),
        "does not enforce ownership",
    ),
    "public bucket": (
        lambda a: only(a, "AWS::S3::Bucket", "Raw")["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False),
        "can be made public",
    ),
    "bucket without access log": (
        lambda a: only(a, "AWS::S3::Bucket", "Capture").pop("LoggingConfiguration"),
        "has no access log",
    ),
    "topic without key": (lambda a: only(a, "AWS::SNS::Topic").pop("KmsMasterKeyId"), "lacks KmsMasterKeyId"),
    "log group kept for ever": (lambda a: only(a, "AWS::Logs::LogGroup").pop("RetentionInDays"), "lacks Retention"),
    "key that never rotates": (
        lambda a: only(a, "AWS::KMS::Key").update(EnableKeyRotation=False),
        "lacks EnableKeyRotation",
    ),
    "public subnet": (lambda a: only(a, "AWS::EC2::Subnet").update(MapPublicIpOnLaunch=True), "is a public subnet"),
    "NAT gateway": (lambda a: add(a, "AWS::EC2::NatGateway"), "is a way to the internet"),
    "default route": (lambda a: add(a, "AWS::EC2::Route", DestinationCidrBlock="0.0.0.0/0"), "is a route out"),
    "open security group": (
        lambda a: only(a, "AWS::EC2::SecurityGroup").update(SecurityGroupIngress=[{"CidrIp": "0.0.0.0/0"}]),
        "lets 0.0.0.0/0 in",
    ),
    "role without boundary": (
        lambda a: only(a, "AWS::IAM::Role", "Training").pop("PermissionsBoundary"),
        "has no permissions boundary",
    ),
    "role with a policy of AWS's": (
        lambda a: only(a, "AWS::IAM::Role", "Training").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/X"]),
        "policies of AWS's",
    ),
    "policy that IAM would refuse": (
        lambda a: only(a, "AWS::IAM::ManagedPolicy", "ExecutionWork")["PolicyDocument"].update(Id="x" * 6144),
        "characters; IAM takes 6144",
    ),
    "confused deputy": (
        lambda a: only(a, "AWS::IAM::Role", "Training")["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
        "no aws:SourceAccount",
    ),
    "any workflow of the owner": (any_workflow, "can be assumed by other workflows"),
    "key open to its users without S3": (open_key, "use it without a condition"),
    "job without isolation": (
        lambda a: edit_definition(a, "Prepare", lambda job: job["NetworkConfig"].pop("EnableNetworkIsolation")),
        "step Prepare is not isolated",
    ),
    "job outside the VPC": (
        lambda a: edit_definition(a, "Tune", lambda job: job["TrainingJobDefinition"].pop("VpcConfig")),
        "step Tune runs outside the VPC",
    ),
    "unencrypted volume": (
        lambda a: edit_definition(a, "Train", lambda job: job["ResourceConfig"].pop("VolumeKmsKeyId")),
        "step Train has an unencrypted volume",
    ),
    "output without key": (
        lambda a: edit_definition(a, "Evaluate", lambda job: job["ProcessingOutputConfig"].pop("KmsKeyId")),
        "step Evaluate writes its output without a key",
    ),
    "plain traffic between instances": (
        lambda a: edit_definition(a, "Train", lambda job: job.pop("EnableInterContainerTrafficEncryption")),
        "step Train does not encrypt traffic",
    ),
    "one instance a variant": (
        lambda a: add(
            a,
            "AWS::SageMaker::EndpointConfig",
            ProductionVariants=[{"VariantName": "champion", "InitialInstanceCount": 1}],
            DataCaptureConfig={"EnableCapture": True},
            KmsKeyId="k",
        ),
        "variant champion has fewer than 2 instances",
    ),
    "no data capture": (
        lambda a: add(a, "AWS::SageMaker::EndpointConfig", ProductionVariants=[], KmsKeyId="k"),
        "captures no data",
    ),
    "model outside the VPC": (
        lambda a: add(a, "AWS::SageMaker::Model", EnableNetworkIsolation=True),
        "runs outside the VPC",
    ),
    "endpoint without rollback alarms": (
        lambda a: add(a, "AWS::SageMaker::Endpoint", DeploymentConfig={}),
        "is not rolled back by any alarm",
    ),
}


def test_sandbox_keeps_every_rule(sandbox):
    assert problems(sandbox) == []


def test_prod_keeps_every_rule(prod):
    assert problems(prod) == []


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_found(name, sandbox):
    plant, expected = FAULTS[name]

    plant(sandbox)

    found = problems(sandbox)
    assert len(found) == 1, found
    assert expected in found[0]
