"""Deploy what watches the models that serve, and what retrains when a monitor finds drift (docs/adr/0016)."""

from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.drift_start import start_on_alarms, start_on_violations
from infra.constructs.endpoint_alarms import EndpointAlarm
from infra.constructs.machine_schedule import MachineSchedule
from infra.constructs.model_monitor import ModelMonitor
from infra.constructs.monitoring_alarms import NAMESPACE, MonitorAlarms
from infra.constructs.monitoring_dashboard import ModelDashboard
from infra.constructs.monitoring_permissions import MonitoringPermissions, MonitoringPlaces
from infra.constructs.workflow import Workflow
from infra.constructs.workflow_failure import WorkflowFailure
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
from pipelines.names import PIPELINE_NAME
from pipelines.resources import PROJECT, TAGS

MONITORING_OUTPUT = "Monitoring"
"""The stack output that tells the command line, as JSON, what there is to watch."""

_VARIANTS = ("champion", "challenger")
# Shorter than a day: a run that hangs must not keep the next one from its turn twice.
_LONGEST_RUN = 20 * 3600
_GUIDE = "docs/how-to/monitor.md"


class MonitoringStack(PlatformStack):
    """State machines `monitor` and `retrain`, the schedule, alarms per variant and kind, the model's dashboard."""

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
        self._names = {kind: f"{stage.prefix}-{kind}" for kind in ("monitor", "retrain")}
        self._reports = f"s3://{lake.capture.bucket_name}/monitoring/{stage.endpoint}/"
        self._schedule_group = ""
        self._variants = {name: self._alarms(name) for name in _VARIANTS}
        self._add_actions()
        ModelDashboard(self, "Dashboard", endpoint=stage.endpoint, variants=self._variants, reports=self._reports)
        self._model_monitor = self._by_model_monitor() if stage.monitoring.backend == "model-monitor" else None
        machines = self._workflows()
        if not self._model_monitor:
            self._run_daily(machines["monitor"])
        self._retrain_on_drift(machines["retrain"])
        WorkflowFailure(
            self,
            "Failure",
            what="Monitoring",
            guide=_GUIDE,
            machine_arns=[machine.arn for machine in machines.values()],
            topic=safeguards.topic,
        )
        self._tell(machines)

    def _alarms(self, variant: str) -> MonitorAlarms:
        kinds = self.stage.monitoring.kinds
        return MonitorAlarms(self, variant.capitalize(), endpoint=self.stage.endpoint, variant=variant, kinds=kinds)

    def _add_actions(self) -> None:
        """Drift is told kind by kind, once a day at most; that monitoring itself is broken, by one composite alarm."""
        for variant in self._variants.values():
            for alarm in (*variant.drift.values(), variant.late_labels):
                alarm.add_alarm_action(actions.SnsAction(self._safeguards.topic))
        work: list[cloudwatch.IAlarm] = [alarm for variant in self._variants.values() for alarm in variant.work]
        self._page = EndpointAlarm(
            self,
            "Page",
            alarms=work,
            topic=self._safeguards.topic,
            description="Monitoring does not work: what the models do is not seen",
        )

    def _workflows(self) -> dict[str, Workflow]:
        places = MonitoringPlaces(
            self._training.processing_arn,
            self._names["monitor"],
            self._names["retrain"],
            tuple(self._network.subnet_ids),
            (self._network.security_group_id,),
        )
        permissions = MonitoringPermissions(
            self, "Permissions", stage=self.stage, roles=self._roles, lake=self._lake, places=places
        )
        common: dict[str, Any] = {"log_group": self._log_group()}
        monitor: dict[str, Any] = {
            "file": "monitor.asl.json",
            "role": self._roles.monitoring,
            "values": self._monitor_values(),
        }
        retrain: dict[str, Any] = {
            "file": "retrain.asl.json",
            "role": self._roles.retraining,
            "values": self._retrain_values(),
        }
        machines = {
            "monitor": Workflow(self, "MonitorWorkflow", name=self._names["monitor"], **monitor, **common),
            "retrain": Workflow(self, "RetrainWorkflow", name=self._names["retrain"], **retrain, **common),
        }
        for machine in machines.values():
            machine.resource.node.add_dependency(permissions)
        return machines

    def _log_group(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Executions",
            log_group_name=f"/aws/vendedlogs/states/{self.stage.endpoint}-monitoring",
            retention=retention(self.stage.retention.log_group_days),
            encryption_key=self._safeguards.key,
            removal_policy=RemovalPolicy.RETAIN if self.stage.is_protected else RemovalPolicy.DESTROY,
        )

    def _monitor_values(self) -> dict[str, Any]:
        monitoring, lake = self.stage.monitoring, self._lake
        return {
            "Endpoint": self.stage.endpoint,
            "PackagePrefix": arn(self, "sagemaker", f"model-package/{PROJECT}"),
            "Namespace": NAMESPACE,
            "JobImage": xgboost_image(self.stage.region),
            "CodeUri": self._training.processing_code.uri,
            "CodeFile": self._training.processing_code.filename,
            "MonitorRole": self._roles.monitor.role_arn,
            "CaptureBucket": lake.capture.bucket_name,
            "CaptureKey": lake.capture_key.key_arn,
            "VolumeKey": lake.data_key.key_arn,
            "Subnets": list(self._network.subnet_ids),
            "SecurityGroups": [self._network.security_group_id],
            "InstanceType": "ml.m5.xlarge",
            "Kinds": ",".join(monitoring.kinds),
            "LabelWaitDays": str(monitoring.label_wait_days),
            "LabelHorizonDays": str(monitoring.label_horizon_days),
            "CapturedShare": str(monitoring.captured_share),
            "Tags": [{"Key": key, "Value": value} for key, value in {**TAGS, "stage": self.stage.name}.items()],
            "TimeoutSeconds": _LONGEST_RUN,
        }

    def _run_daily(self, machine: Workflow) -> None:
        self._schedule_group = MachineSchedule(
            self,
            "Daily",
            expression=self.stage.monitoring.schedule,
            machine_arn=machine.arn,
            what="Monitoring",
            alarms=self._safeguards.topic,
        ).group

    def _by_model_monitor(self) -> ModelMonitor:
        return ModelMonitor(
            self,
            "ModelMonitor",
            stage=self.stage,
            role=self._roles.monitor,
            bucket=self._lake.capture.bucket_name,
            keys={"volume": self._lake.data_key.key_arn, "output": self._lake.capture_key.key_arn},
            network={
                "subnets": list(self._network.subnet_ids),
                "securityGroupIds": [self._network.security_group_id],
            },
        )

    def _reason(self, kind: str) -> str:
        """Return what the event names: an alarm of the champion, since it is the champion that a new model replaces."""
        if self._model_monitor:
            return self._model_monitor.schedules[kind]
        return self._variants["champion"].drift[kind].alarm_name

    def _retrain_values(self) -> dict[str, Any]:
        pause = self.stage.monitoring.retraining_pause_hours * 3600
        return {
            "Endpoint": self.stage.endpoint,
            "CaptureBucket": self._lake.capture.bucket_name,
            "Pipeline": PIPELINE_NAME,
            "Reasons": [
                {
                    "Variable": "$alarm",
                    "StringEquals": self._reason(kind),
                    "Assign": {"kind": kind},
                    "Next": "TakeLock",
                }
                for kind in self.stage.monitoring.retrains_on
            ],
            "PauseSeconds": pause,
            "TimeoutSeconds": pause + 3600,
        }

    def _retrain_on_drift(self, machine: Workflow) -> None:
        retrains_on, drift = self.stage.monitoring.retrains_on, self._variants["champion"].drift
        if not retrains_on:
            return
        if self._model_monitor:
            arns = [self._model_monitor.schedules[kind] for kind in retrains_on]
            start_on_violations(self, schedule_arns=arns, machine_arn=machine.arn, lost=self._safeguards.topic)
        else:
            arns = [drift[kind].alarm_arn for kind in retrains_on]
            start_on_alarms(self, alarm_arns=arns, machine_arn=machine.arn, lost=self._safeguards.topic)

    def _tell(self, machines: dict[str, Workflow]) -> None:
        variants = self._variants.items()
        facts = {
            "endpoint": self.stage.endpoint,
            "monitor_machine": machines["monitor"].arn,
            "retrain_machine": machines["retrain"].arn,
            "schedule_group": self._schedule_group,
            "namespace": NAMESPACE,
            "alarms": {name: {k: a.alarm_name for k, a in variant.drift.items()} for name, variant in variants},
            "late_label_alarms": {name: variant.late_labels.alarm_name for name, variant in variants},
            "failed_alarms": {name: variant.failed.alarm_name for name, variant in variants},
            "did_not_run_alarms": {name: v.did_not_run.alarm_name for name, v in variants if v.did_not_run},
            "page_alarm": f"{Stack.of(self).stack_name}-Page",
            "reports": self._reports,
            "topic": self._safeguards.topic.topic_arn,
        }
        CfnOutput(self, MONITORING_OUTPUT, value=self.to_json_string(facts))
