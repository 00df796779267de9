"""Say what the endpoint, the judge and the release workflow may do: one managed policy per role."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.boundaries import scaling_role
from infra.constructs.job_role import permit
from infra.names import arn
from infra.policies import (
    allow,
    attach_to_vpc,
    isolated,
    isolated_job,
    log_state_machine,
    publish_metrics,
    pull_image,
    read_objects,
    write_logs,
    write_objects,
)
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from pipelines.images import ACCOUNT_BY_REGION, REPOSITORY
from pipelines.resources import PROJECT

_SYNC_RULE = "rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"
_TRAINED = "training/"


@dataclass(frozen=True)
class ReleasePlaces:
    """What the permissions speak of.

    Attributes:
        code_arn: The processing code's object.
        machine_arn: The release state machine, by its name: its policy is made before it.
        subnets: Where models and judges run, and nowhere else.
        security_groups: In which they run.
    """

    code_arn: str
    machine_arn: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


class ReleasePermissions(Construct):
    """Permissions of the three roles that serve and release."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        roles: IdentitiesStack,
        lake: LakeStack,
        places: ReleasePlaces,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._roles, self._lake, self._places = stage, roles, lake, places
        stack = Stack.of(self)
        image = pull_image(stage.region, ACCOUNT_BY_REGION[stage.region], REPOSITORY)
        permit(self, "Endpoint", roles.endpoint, [*self._serving(stack), attach_to_vpc(), *image])
        permit(self, "Judge", roles.judge, [*self._judging(stack), attach_to_vpc(), *image])
        # Two policies: one would be longer than IAM takes.
        permit(self, "Release", roles.release, self._releasing())
        permit(self, "Hosting", roles.release, [*self._hosting(), *self._observing()])

    def _serving(self, stack: Stack) -> list[iam.PolicyStatement]:
        return [
            *read_objects("Models", self._lake.artifacts.bucket_arn, _TRAINED),
            write_objects("Capture", self._lake.capture.bucket_arn, f"capture/{self._stage.endpoint}/"),
            write_logs(stack.region, stack.account, f"Endpoints/{self._stage.endpoint}"),
            publish_metrics("/aws/sagemaker/*"),
            # SageMaker looks at the rollback alarms under the execution role:
            # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
            allow("RollbackAlarms", ["cloudwatch:DescribeAlarms"], [self._alarms]),
        ]

    def _judging(self, stack: Stack) -> list[iam.PolicyStatement]:
        code_bucket, code_key = self._places.code_arn.split("/", 1)
        captured = (f"capture/{self._stage.endpoint}/", f"ground-truth/{self._stage.endpoint}/", "experiments/")
        return [
            *read_objects("Captured", self._lake.capture.bucket_arn, *captured),
            *read_objects("Models", self._lake.artifacts.bucket_arn, _TRAINED),
            write_objects("Verdicts", self._lake.capture.bucket_arn, "experiments/"),
            allow("CodeRead", ["s3:GetObject"], [self._places.code_arn]),
            allow("CodeList", ["s3:ListBucket"], [code_bucket], {"StringEquals": {"s3:prefix": code_key}}),
            write_logs(stack.region, stack.account, "ProcessingJobs"),
            publish_metrics("/aws/sagemaker/*"),
        ]

    def _releasing(self) -> list[iam.PolicyStatement]:
        packages = arn(self, "sagemaker", f"model-package/{PROJECT}/*")
        jobs = arn(self, "sagemaker", "processing-job/judge-*")
        passed = [self._roles.endpoint.role_arn, self._roles.judge.role_arn]
        artifacts, capture = self._lake.artifacts.bucket_arn, self._lake.capture.bucket_arn
        to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        # Or no status at all: the champion is marked and stays approved. Nobody approves by this role.
        rejected = {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "Rejected"}}
        truth = f"ground-truth/{self._stage.endpoint}/NO_GROUND_TRUTH"
        inside = isolated_job(self._places.subnets, self._places.security_groups, self._lake.data_key.key_arn)
        return [
            allow("ReadPackages", ["sagemaker:DescribeModelPackage"], [packages]),
            allow("FindPackages", ["sagemaker:ListModelPackages"], ["*"]),
            allow("RejectPackages", ["sagemaker:UpdateModelPackage"], [packages], rejected),
            allow("CreateJudge", ["sagemaker:CreateProcessingJob"], [jobs], inside),
            allow("FollowJudge", ["sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"], [jobs]),
            allow("WaitForJudge", _events("DescribeRule", "PutRule", "PutTargets"), [arn(self, "events", _SYNC_RULE)]),
            allow("PassRoles", ["iam:PassRole"], passed, to_sagemaker),
            allow("ArchiveRead", ["s3:GetObject"], [f"{artifacts}/{_TRAINED}*"]),
            allow("ChampionWrite", ["s3:PutObject"], [f"{artifacts}/champion/*"]),
            *read_objects("Experiments", capture, "experiments/"),
            allow("ExperimentsWrite", ["s3:PutObject"], [f"{capture}/experiments/*", f"{capture}/{truth}"]),
            allow("Turns", ["states:ListExecutions"], [self._places.machine_arn]),
        ]

    def _hosting(self) -> list[iam.PolicyStatement]:
        endpoint = arn(self, "sagemaker", f"endpoint/{self._stage.endpoint}")
        configs = arn(self, "sagemaker", f"endpoint-config/{self._stage.endpoint}-*")
        models = arn(self, "sagemaker", f"model/{self._stage.endpoint}-v*")
        scaling = "application-autoscaling"
        targets = arn(self, scaling, "scalable-target/*")
        changes = ("DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget")
        service = {"StringEquals": {"iam:AWSServiceName": f"sagemaker.{scaling}.amazonaws.com"}}
        creations = {"StringEquals": {"sagemaker:TaggingAction": ["CreateEndpoint", "CreateEndpointConfig",
                                                                "CreateModel", "CreateProcessingJob"]}}  # fmt: skip
        jobs = arn(self, "sagemaker", "processing-job/judge-*")
        volume = {"ArnEquals": {"sagemaker:VolumeKmsKeyArn": self._lake.data_key.key_arn}}
        of_sagemaker = {"StringEquals": {f"{scaling}:service-namespace": "sagemaker"}}
        inside = isolated(self._places.subnets, self._places.security_groups)
        return [
            allow("DescribeEndpoint", ["sagemaker:DescribeEndpoint"], [endpoint]),
            allow("ChangeEndpoint", ["sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"], [endpoint, configs]),
            allow("ShiftTraffic", ["sagemaker:UpdateEndpointWeightsAndCapacities"], [endpoint]),
            allow("SmokeTest", ["sagemaker:InvokeEndpoint"], [endpoint]),
            allow("CreateConfig", ["sagemaker:CreateEndpointConfig"], [configs], volume),
            allow("KeepConfigs", ["sagemaker:DeleteEndpointConfig", "sagemaker:DescribeEndpointConfig"], [configs]),
            allow("CreateModel", ["sagemaker:CreateModel"], [models], inside),
            allow("KeepModels", ["sagemaker:DeleteModel", "sagemaker:DescribeModel"], [models]),
            allow("TagWhatIsMade", ["sagemaker:AddTags"], [endpoint, configs, models, jobs], creations),
            allow("Scale", [f"{scaling}:{change}" for change in changes], [targets], of_sagemaker),
            allow("ScalingRole", ["iam:CreateServiceLinkedRole"], [scaling_role(Stack.of(self))], service),
        ]

    @property
    def _alarms(self) -> str:
        """The stack's alarms: CloudFormation makes their names."""
        return arn(self, "cloudwatch", f"alarm:{Stack.of(self).stack_name}-*")

    def _observing(self) -> list[iam.PolicyStatement]:
        """Reading metrics has no resource level."""
        return [
            allow("ReadMetrics", ["cloudwatch:GetMetricData"], ["*"]),
            allow("ReadAlarms", ["cloudwatch:DescribeAlarms"], [self._alarms]),
            *log_state_machine(),
        ]


def _events(*actions: str) -> list[str]:
    return [f"events:{action}" for action in actions]
