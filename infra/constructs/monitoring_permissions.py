"""Say what the monitor job and the workflows around it may do: one managed policy per role."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.job_role import permit
from infra.constructs.model_monitor import pull_analyzers
from infra.constructs.monitoring_alarms import NAMESPACE
from infra.names import arn
from infra.policies import (
    allow,
    attach_to_vpc,
    isolated_job,
    log_state_machine,
    publish_metrics,
    pull_image,
    read_objects,
    write_logs,
)
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from pipelines.images import ACCOUNT_BY_REGION, REPOSITORY
from pipelines.names import PIPELINE_NAME
from pipelines.resources import PROJECT

_SYNC_RULE = "rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"


@dataclass(frozen=True)
class MonitoringPlaces:
    """What the permissions speak of.

    Attributes:
        code_arn: The processing code's object.
        monitor_machine: Name of the state machine that monitors: its policy is made before it.
        retrain_machine: Name of the one that retrains.
        subnets: Where monitors run, and nowhere else.
        security_groups: In which they run.
    """

    code_arn: str
    monitor_machine: str
    retrain_machine: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


class MonitoringPermissions(Construct):
    """Permissions of the monitor job, of the workflow that runs it, and of the one that retrains."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        roles: IdentitiesStack,
        lake: LakeStack,
        places: MonitoringPlaces,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._roles, self._lake, self._places = stage, roles, lake, places
        image = pull_image(stage.region, ACCOUNT_BY_REGION[stage.region], REPOSITORY)
        analyzers = pull_analyzers(stage.region) if stage.monitoring.backend == "model-monitor" else []
        permit(self, "Monitor", roles.monitor, [*self._judging(), attach_to_vpc(), *image, *analyzers])
        permit(self, "Monitoring", roles.monitoring, [*self._running(), *self._publishing(), *log_state_machine()])
        permit(self, "Retraining", roles.retraining, [*self._retraining(), *log_state_machine()])

    def _judging(self) -> list[iam.PolicyStatement]:
        stack, endpoint, capture = Stack.of(self), self._stage.endpoint, self._lake.capture.bucket_arn
        code_bucket, code_key = self._places.code_arn.split("/", 1)
        captured = (f"capture/{endpoint}/", f"ground-truth/{endpoint}/", f"monitoring/{endpoint}/")
        reports = [f"{capture}/monitoring/{endpoint}/*"]
        return [
            *read_objects("Captured", capture, *captured),
            *read_objects("Models", self._lake.artifacts.bucket_arn, "training/", "evaluations/"),
            *read_objects("Baselines", self._lake.curated.bucket_arn, f"{PIPELINE_NAME}/"),
            allow("ReportsWrite", ["s3:PutObject", "s3:AbortMultipartUpload"], reports),
            allow("CodeRead", ["s3:GetObject"], [self._places.code_arn]),
            allow("CodeList", ["s3:ListBucket"], [code_bucket], {"StringEquals": {"s3:prefix": code_key}}),
            write_logs(stack.region, stack.account, "ProcessingJobs"),
            publish_metrics("/aws/sagemaker/*"),
        ]

    def _running(self) -> list[iam.PolicyStatement]:
        endpoint, capture = self._stage.endpoint, self._lake.capture.bucket_arn
        jobs, models = self._of_sagemaker("processing-job/monitor-*"), self._of_sagemaker(f"model/{endpoint}-v*")
        configs, packages = self._of_sagemaker(f"endpoint-config/{endpoint}-*"), f"model-package/{PROJECT}/*"
        marks = [f"{capture}/capture/{endpoint}/*/NO_CAPTURE", f"{capture}/ground-truth/{endpoint}/*/NO_GROUND_TRUTH"]
        own = [f"{capture}/monitoring/{endpoint}/*/{name}" for name in ("state.json", "NO_STATE/NO_STATE")]
        to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        tagging = {"StringEquals": {"sagemaker:TaggingAction": "CreateProcessingJob"}}
        follow = ["sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"]
        sync = [f"events:{action}" for action in ("DescribeRule", "PutRule", "PutTargets")]
        inside = isolated_job(self._places.subnets, self._places.security_groups, self._lake.data_key.key_arn)
        return [
            allow("FindEndpoint", ["sagemaker:DescribeEndpoint"], [self._of_sagemaker(f"endpoint/{endpoint}")]),
            allow("FindConfig", ["sagemaker:DescribeEndpointConfig"], [configs]),
            allow("FindModel", ["sagemaker:DescribeModel"], [models]),
            allow("FindPackage", ["sagemaker:DescribeModelPackage"], [self._of_sagemaker(packages)]),
            allow("CreateMonitor", ["sagemaker:CreateProcessingJob"], [jobs], inside),
            allow("TagMonitor", ["sagemaker:AddTags"], [jobs], tagging),
            allow("FollowMonitor", follow, [jobs]),
            allow("WaitForMonitor", sync, [arn(self, "events", _SYNC_RULE)]),
            allow("PassMonitorRole", ["iam:PassRole"], [self._roles.monitor.role_arn], to_sagemaker),
            *read_objects("Reports", capture, f"monitoring/{endpoint}/"),
            allow("PointersWrite", ["s3:PutObject"], [*marks, *own]),
            allow("Turns", ["states:ListExecutions"], [self._machine("stateMachine", self._places.monitor_machine)]),
        ]

    def _publishing(self) -> list[iam.PolicyStatement]:
        """Metrics have no resource level; the namespace is ours."""
        return [allow("CountRequests", ["cloudwatch:GetMetricData"], ["*"]), publish_metrics(NAMESPACE)]

    def _retraining(self) -> list[iam.PolicyStatement]:
        folder = f"monitoring/{self._stage.endpoint}/retraining/"
        objects = f"{self._lake.capture.bucket_arn}/{folder}"
        pipeline = ["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"]
        executions = self._machine("execution", f"{self._places.retrain_machine}:*")
        return [
            *read_objects("Locks", self._lake.capture.bucket_arn, folder),
            # Only with If-None-Match: who writes a lock over another's starts the pipeline twice.
            allow("TakeLock", ["s3:PutObject"], [f"{objects}locks/*"], {"Null": {"s3:if-none-match": "false"}}),
            allow("ReleaseLock", ["s3:DeleteObject"], [f"{objects}locks/*"]),
            allow("NoteStart", ["s3:PutObject"], [f"{objects}last.json"]),
            allow("Retrain", pipeline, [self._of_sagemaker(f"pipeline/{PIPELINE_NAME}")]),
            allow("FindPause", ["states:DescribeExecution"], [executions]),
        ]

    def _of_sagemaker(self, resource: str) -> str:
        return arn(self, "sagemaker", resource)

    def _machine(self, kind: str, name: str) -> str:
        return arn(self, "states", f"{kind}:{name}")
