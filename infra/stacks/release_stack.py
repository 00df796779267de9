"""Deploy the release workflow and what watches the endpoint. The endpoint itself is the workflow's (docs/adr/0012).

CloudFormation must not own what the workflow changes many times between two deployments: an update of the stack would
undo a ramp, and a rollback of SageMaker's would leave the stack with a configuration that it then deletes.
"""

import json
from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.endpoint_alarms import EndpointAlarm, VariantAlarms
from infra.constructs.endpoint_dashboards import EndpointDashboards
from infra.constructs.event_start import EventStart
from infra.constructs.release_notice import ReleaseNotice
from infra.constructs.release_permissions import ReleasePermissions, ReleasePlaces
from infra.constructs.workflow import Workflow
from infra.log_retention import retention
from infra.names import arn
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from infra.stacks.network_stack import NetworkStack
from infra.stacks.platform_stack import PlatformStack
from infra.stacks.safeguards_stack import SafeguardsStack
from infra.stacks.training_stack import TrainingStack
from pipelines.images import xgboost_image
from pipelines.resources import PROJECT, TAGS
from pipelines.settings import Settings
from usecase.description import SAMPLE_RECORD

LOAD_TEST = Path(__file__).parents[1] / "load_test.json"
RELEASE_OUTPUT = "Release"
"""The stack output that tells the command line, as JSON, what it needs to know of the endpoint."""

_POLL_SECONDS = 30
_TURN_SECONDS = 300
_SHORTEST_TIMEOUT = 600
# A second release waits for the first one's experiment.
_LONGEST_EXECUTION = 90 * 86_400


class ReleaseStack(PlatformStack):
    """State machines `release` and `withdraw`, their events, alarms per variant, dashboards."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        identities: IdentitiesStack,
        network: NetworkStack,
        lake: LakeStack,
        safeguards: SafeguardsStack,
        training: TrainingStack,
        **more: Any,
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, **more)
        self._lake, self._roles, self._safeguards = lake, identities, safeguards
        self._network, self._training = network, training
        places = ReleasePlaces(
            training.processing_arn, self._machine_arn(), tuple(network.subnet_ids), (network.security_group_id,)
        )
        permissions = ReleasePermissions(self, "Permissions", stage=stage, roles=identities, lake=lake, places=places)
        self._log_group("EndpointLogs", f"/aws/sagemaker/Endpoints/{stage.endpoint}")
        variants = {name: self._alarms(name) for name in ("champion", "challenger")}
        alarms = [alarm for variant in variants.values() for alarm in variant.all]
        guards = [alarm for variant in variants.values() for alarm in variant.guards]
        page = EndpointAlarm(self, "Page", alarms=alarms, topic=safeguards.topic)
        EndpointDashboards(self, "Dashboards", endpoint=stage.endpoint, variants=variants, page=page)
        machines = self._workflows(variants)
        for machine in machines.values():
            machine.resource.node.add_dependency(permissions)
        self._start_by_events(machines, [alarm.alarm_arn for alarm in guards])
        ReleaseNotice(
            self, "Notice", machine_arns=[machine.arn for machine in machines.values()], topic=safeguards.topic
        )
        self._tell(machines)

    def _alarms(self, variant: str) -> VariantAlarms:
        name = variant.capitalize()
        return VariantAlarms(self, name, endpoint=self.stage.endpoint, variant=variant, hosting=self.stage.hosting)

    def _machine_arn(self) -> str:
        """The name is fixed so that the role can be allowed to list the executions before the machine is there."""
        return arn(self, "states", f"stateMachine:{self._machine_name}")

    @property
    def _machine_name(self) -> str:
        return f"{self.stage.prefix}-release"

    def _log_group(self, construct_id: str, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            construct_id,
            log_group_name=name,
            retention=retention(self.stage.retention.log_group_days),
            encryption_key=self._safeguards.key,
            removal_policy=RemovalPolicy.RETAIN if self.stage.is_protected else RemovalPolicy.DESTROY,
        )

    def _workflows(self, variants: dict[str, VariantAlarms]) -> dict[str, Workflow]:
        values, role = self._values(variants), self._roles.release
        executions = self._log_group("Executions", f"/aws/vendedlogs/states/{self.stage.endpoint}")
        common: dict[str, Any] = {"role": role, "values": values, "log_group": executions}
        release = Workflow(self, "ReleaseWorkflow", file="release.asl.json", name=self._machine_name, **common)
        name = f"{self.stage.prefix}-withdraw"
        withdraw = Workflow(self, "WithdrawWorkflow", file="withdraw.asl.json", name=name, **common)
        return {"release": release, "withdraw": withdraw}

    def _values(self, variants: dict[str, VariantAlarms]) -> dict[str, Any]:
        hosting, experiment, lake, roles = self.stage.hosting, self.stage.experiment, self._lake, self._roles
        guards = [alarm for variant in variants.values() for alarm in variant.guards]
        seconds = hosting.bake_seconds + hosting.termination_seconds
        return {
            "Endpoint": self.stage.endpoint,
            "JobImage": xgboost_image(self.stage.region),
            "Container": _container(hosting.image),
            "ModelPackageGroup": PROJECT,
            "PackagePrefix": arn(self, "sagemaker", f"model-package/{PROJECT}"),
            "ArtifactsBucket": lake.artifacts.bucket_name,
            "CaptureBucket": lake.capture.bucket_name,
            "CaptureKey": lake.capture_key.key_arn,
            "VolumeKey": lake.data_key.key_arn,
            "EndpointRole": roles.endpoint.role_arn,
            "JudgeRole": roles.judge.role_arn,
            "Subnets": list(self._network.subnet_ids),
            "SecurityGroups": [self._network.security_group_id],
            "Tags": [{"Key": key, "Value": value} for key, value in {**TAGS, "stage": self.stage.name}.items()],
            "SampleRecord": SAMPLE_RECORD,
            "CodeUri": self._training.processing_code.uri,
            "CodeFile": self._training.processing_code.filename,
            "MinAuc": Settings().min_auc,
            "MaxLogLoss": Settings().max_log_loss,
            "InstanceType": hosting.instance_type,
            "MinInstances": hosting.min_instances,
            "MaxInstances": hosting.max_instances,
            "InvocationsPerInstance": invocations_per_instance(),
            "ScaleInCooldown": hosting.scale_in_cooldown_seconds,
            "ScaleOutCooldown": hosting.scale_out_cooldown_seconds,
            "JudgeInstanceType": "ml.m5.xlarge",
            "PollSeconds": _POLL_SECONDS,
            "TurnSeconds": _TURN_SECONDS,
            "LookSeconds": experiment.look_seconds,
            "RampSteps": [_split(share) for share in experiment.ramp_percent],
            "Comparison": experiment.comparison,
            "Alpha": experiment.alpha,
            "Power": experiment.power,
            "MinimumEffect": experiment.minimum_effect,
            "MinimumDays": experiment.minimum_days,
            "MinimumRequestsPerStep": experiment.minimum_requests_per_step,
            "MaximumDays": experiment.maximum_days,
            "Guardrails": {
                "error_rate": experiment.error_rate,
                "latency_p99_microseconds": hosting.p99_latency_ms * 1000,
                "calibration": experiment.calibration,
                "slice_log_loss": experiment.slice_log_loss,
            },
            "LastStep": len(experiment.ramp_percent) - 1,
            "MaxLooks": experiment.most_looks,
            "MetricSeconds": experiment.metric_seconds,
            "TimeoutSeconds": _LONGEST_EXECUTION,
            "ChampionAlarms": [alarm.alarm_name for alarm in variants["champion"].guards],
            "ExperimentAlarms": [alarm.alarm_name for alarm in guards],
            "RollbackAlarms": [{"AlarmName": alarm.alarm_name} for alarm in guards],
            "BakeSeconds": hosting.bake_seconds,
            "TerminationSeconds": hosting.termination_seconds,
            "PromotionTimeout": max(_SHORTEST_TIMEOUT, 3 * seconds + 1800),
        }

    def _start_by_events(self, machines: dict[str, Workflow], alarm_arns: list[str]) -> None:
        EventStart(
            self,
            "Approval",
            description="A model package of the group was approved",
            machine_arn=machines["release"].arn,
            alarms=self._safeguards.topic,
            pattern={
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Package State Change"],
                "detail": {"ModelPackageGroupName": [PROJECT], "ModelApprovalStatus": ["Approved"]},
            },
            paths={"package": "$.detail.ModelPackageArn", "version": "$.detail.ModelPackageVersion"},
            template='{"package_arn": <package>, "version": <version>}',
        )
        EventStart(
            self,
            "Alarm",
            description="An alarm of the endpoint fires",
            machine_arn=machines["withdraw"].arn,
            alarms=self._safeguards.topic,
            pattern={
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm State Change"],
                "resources": alarm_arns,
                "detail": {"state": {"value": ["ALARM"]}},
            },
            paths={"alarm": "$.detail.alarmName"},
            template='{"alarm": <alarm>}',
        )

    def _tell(self, machines: dict[str, Workflow]) -> None:
        facts = {
            "endpoint": self.stage.endpoint,
            "endpoint_role": self._roles.endpoint.role_arn,
            "release_machine": machines["release"].arn,
            "capture_bucket": self._lake.capture.bucket_name,
            "topic": self._safeguards.topic.topic_arn,
        }
        CfnOutput(self, RELEASE_OUTPUT, value=self.to_json_string(facts))


def _split(share: int) -> dict[str, float]:
    """Return a step of the ramp: the variants' weights, and the challenger's share as the judge reads it."""
    return {"champion": 100 - share, "challenger": share, "challenger_share": share / 100}


def _container(image: str | None) -> dict[str, Any]:
    """Return the model's container: the package's own, or its archive in the project's serving image."""
    environment = {"MODEL_VERSION.$": "$versionText", "DECISION_THRESHOLD.$": "$threshold"}
    source = {"Image": image, "ModelDataUrl.$": "$modelDataUrl"} if image else {"ModelPackageName.$": "$package"}
    return {**source, "Environment": environment}


def invocations_per_instance() -> float:
    """Return autoscaling's target, in invocations a minute and instance, as the last load test found it."""
    return float(json.loads(LOAD_TEST.read_text())["invocations_per_instance"])
