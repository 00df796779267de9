"""CloudFormation, in a running local AWS, under the execution policies that the bootstrap gives it."""

import json
import re

import pytest

from infra.checks.policies import roles
from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.infra.policy_cases import EXECUTION, PolicyCases

ACCOUNT = "123456789012"
PREFIX = "FlightDelay-sandbox"
TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}
STAGE = [{"Key": "stage", "Value": "sandbox"}]
NOBODY = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


class Deployer:
    """Deploys templates under the stage's execution policies."""

    def __init__(self, aws, assembly):
        self.client = aws.boto3_session().client
        execution = PolicyCases(assembly).roles[EXECUTION]
        training = roles(assembly)["Identities/Training"]
        self.boundary, self.role = training.boundary_arn, f"arn:aws:iam::{ACCOUNT}:role/executing"
        iam = self.client("iam")
        self._policy(self.boundary.rpartition("/")[2], training.boundary)
        iam.create_role(RoleName="executing", AssumeRolePolicyDocument=json.dumps(TRUST))
        for address, document in execution.identity.items():
            arn = self._policy(f"executing-{address.rpartition('/')[2]}", document)
            iam.attach_role_policy(RoleName="executing", PolicyArn=arn)
        iam.create_role(RoleName="executing-stranger", AssumeRolePolicyDocument=json.dumps(NOBODY))

    def _policy(self, name, document):
        made = self.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
        return made["Policy"]["Arn"]

    def deploy(self, resource, name):
        """Return the stack's status and the reasons of what failed."""
        cloudformation, stack = self.client("cloudformation"), f"{PREFIX}-{name}"
        body = json.dumps({"Resources": {"One": resource}})
        cloudformation.create_stack(StackName=stack, TemplateBody=body, RoleARN=self.role, Tags=STAGE)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"].endswith("_FAILED")]
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"], reasons


@pytest.fixture(scope="module")
def deployer(synthesised, tmp_path_factory):
    settings = Settings(root=tmp_path_factory.mktemp("executing"), stop_grace_seconds=1, iam="enforce")
    with LocalAws(settings) as aws:
        yield Deployer(aws, synthesised)


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def role(**properties):
    return of("IAM::Role", AssumeRolePolicyDocument=NOBODY, **properties)


def test_a_role_below_the_boundary_is_made(deployer):
    status, reasons = deployer.deploy(role(PermissionsBoundary=deployer.boundary), "Bounded")

    assert (status, reasons) == ("CREATE_COMPLETE", [])


DEFINITION = '{"Version": "2020-12-01", "Steps": []}'
FORBIDDEN = {
    "iam:CreateRole": role(),
    "iam:CreateRole on resource: arn:aws:iam::123456789012:role/Mine": role(RoleName="Mine"),
    "iam:CreatePolicy": of("IAM::ManagedPolicy", ManagedPolicyName="Mine", PolicyDocument={"Statement": []}),
    "iam:CreateOpenIDConnectProvider": of("IAM::OIDCProvider", Url="https://example.com", ThumbprintList=["a" * 40]),
    "ec2:CreateInternetGateway": of("EC2::InternetGateway"),
    "iam:PassRole": of(
        "SageMaker::Pipeline",
        PipelineName="flight-delay-other",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/executing-stranger",
        PipelineDefinition={"PipelineDefinitionBody": DEFINITION},
    ),
    "s3:CreateBucket": of("S3::Bucket", BucketName="somebody-elses"),
    "sagemaker:CreatePipeline": of(
        "SageMaker::Pipeline",
        PipelineName="another",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/executing-stranger",
        PipelineDefinition={"PipelineDefinitionBody": DEFINITION},
    ),
    "ecr:CreateRepository": of("ECR::Repository"),
}


@pytest.mark.parametrize("denied", FORBIDDEN)
def test_what_the_policies_forbid_fails_the_stack_with_the_denial(denied, deployer):
    name = "".join(word.capitalize() for word in denied.partition(" ")[0].split(":")) + str(len(denied))

    status, reasons = deployer.deploy(FORBIDDEN[denied], name)

    assert status == "ROLLBACK_COMPLETE"
    session = f"assumed-role/{deployer.role.rpartition('/')[2]}/AWSCloudFormation is not authorized to perform: "
    assert f"{session}{denied}" in reasons[-1]
    assert re.search("Error Code: (AccessDenied|UnauthorizedOperation)", reasons[-1])  # the latter is EC2's


def test_a_role_that_does_not_trust_cloudformation_deploys_nothing(deployer):
    cloudformation = deployer.client("cloudformation")
    stranger = f"arn:aws:iam::{ACCOUNT}:role/executing-stranger"

    with pytest.raises(cloudformation.exceptions.ClientError, match="is invalid or cannot be assumed"):
        cloudformation.create_stack(StackName="x", TemplateBody='{"Resources": {}}', RoleARN=stranger)
