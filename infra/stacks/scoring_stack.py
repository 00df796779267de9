"""Deploy batch scoring: the state machine, its schedule, the table of predictions, and who hears where it fails."""

import calendar
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.machine_schedule import MachineSchedule
from infra.constructs.predictions_table import PredictionsTable
from infra.constructs.scoring_permissions import PREDICTIONS, ScoringPermissions, ScoringPlaces
from infra.constructs.workflow import Workflow
from infra.constructs.workflow_failure import WorkflowFailure
from infra.log_retention import retention
from infra.settings import Stage
from infra.stacks.identities_stack import IdentitiesStack
from infra.stacks.lake_stack import LakeStack
from infra.stacks.network_stack import NetworkStack
from infra.stacks.platform_stack import PlatformStack
from infra.stacks.safeguards_stack import SafeguardsStack
from infra.stacks.training_stack import TrainingStack
from pipelines.images import xgboost_image
from pipelines.resources import TAGS
from usecase.ingest import SOURCE_PACKAGE

SCORING_OUTPUT = "Scoring"
"""The stack output that tells the command line, as JSON, what it needs to know of scoring."""

_PARTS = tuple(f"States.ArrayGetItem($parts, {number})" for number in range(3))
# A run may start late, and take its time.
_HOURS_WITHOUT_RUN = 26


class ScoringStack(PlatformStack):
    """State machine `score`, the Glue table `predictions`, the schedule, alarms."""

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
        self._lake, self._roles, self._network = lake, identities, network
        self._safeguards, self._training = safeguards, training
        self._location = f"s3://{lake.curated.bucket_name}/{PREDICTIONS}"
        self._table = PredictionsTable(
            self,
            "Predictions",
            database=lake.catalogue.database_name,
            location=self._location,
            readers=stage.scoring.readers if stage.manages_lake_formation else (),
        )
        self._machine = self._workflow()
        WorkflowFailure(
            self,
            "Failure",
            what="Scoring",
            guide="docs/how-to/score.md",
            machine_arns=[self._machine.arn],
            topic=safeguards.topic,
        )
        if stage.scoring.schedule:
            self._run_nightly(stage.scoring.schedule)
        self._tell()

    def _workflow(self) -> Workflow:
        network, training = self._network, self._training
        places = ScoringPlaces(
            training.processing_arn, f"{SOURCE_PACKAGE}/", tuple(network.subnet_ids), (network.security_group_id,)
        )
        permissions = ScoringPermissions(
            self, "Permissions", stage=self.stage, roles=self._roles, lake=self._lake, places=places
        )
        workflow = Workflow(
            self,
            "ScoreWorkflow",
            file="score.asl.json",
            name=f"{self.stage.prefix}-score",
            role=self._roles.scoring,
            values=self._values(),
            log_group=self._log_group(),
        )
        workflow.resource.node.add_dependency(permissions)
        return workflow

    def _log_group(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Executions",
            log_group_name=f"/aws/vendedlogs/states/{self.stage.endpoint}-scoring",
            retention=retention(self.stage.retention.log_group_days),
            encryption_key=self._safeguards.key,
            removal_policy=RemovalPolicy.RETAIN if self.stage.is_protected else RemovalPolicy.DESTROY,
        )

    def _values(self) -> dict[str, Any]:
        lake, code, scoring = self._lake, self._training.processing_code, self.stage.scoring
        return {
            "Endpoint": self.stage.endpoint,
            "JobImage": xgboost_image(self.stage.region),
            "JobRole": self._roles.scoring_job.role_arn,
            "CodeUri": code.uri,
            "CodeFile": code.filename,
            "RawUri": f"s3://{lake.raw.bucket_name}/{SOURCE_PACKAGE}/",
            "CuratedBucket": lake.curated.bucket_name,
            "DataKey": lake.data_key.key_arn,
            "InstanceType": scoring.instance_type,
            "Subnets": list(self._network.subnet_ids),
            "SecurityGroups": [self._network.security_group_id],
            "Tags": [{"Key": key, "Value": value} for key, value in {**TAGS, "stage": self.stage.name}.items()],
            "ScheduledDay": _scheduled_day(scoring.year),
            "MissingLeapDay": _missing_leap_day(scoring.year),
        }

    def _run_nightly(self, expression: str) -> None:
        topic = self._safeguards.topic
        MachineSchedule(
            self, "Nightly", expression=expression, machine_arn=self._machine.arn, what="Scoring", alarms=topic
        )
        succeeded = cloudwatch.Metric(
            namespace="AWS/States",
            metric_name="ExecutionsSucceeded",
            dimensions_map={"StateMachineArn": self._machine.arn},
            statistic="Sum",
            period=Duration.hours(1),
        )
        alarm = succeeded.create_alarm(
            self,
            "DidNotRun",
            alarm_description=f"No day was scored for {_HOURS_WITHOUT_RUN} hours. See docs/how-to/score.md",
            threshold=1,
            evaluation_periods=_HOURS_WITHOUT_RUN,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))

    def _tell(self) -> None:
        facts = {
            "score_machine": self._machine.arn,
            "predictions": self._location,
            "database": self._lake.catalogue.database_name,
            "table": self._table.name,
            "workgroup": self._lake.workgroup.name,
        }
        CfnOutput(self, SCORING_OUTPUT, value=self.to_json_string(facts))


def _scheduled_day(year: int | None) -> str:
    """Return how the day is made of the schedule's date: as it is, or as the same date of the one year there is."""
    if year is None:
        return f"States.Format('{{}}-{{}}-{{}}', {', '.join(_PARTS)})"
    return f"States.Format('{year}-{{}}-{{}}', {', '.join(_PARTS[1:])})"


def _missing_leap_day(year: int | None) -> str:
    """Return the date that the one year lacks, where it does."""
    return f"{year}-02-29" if year and not calendar.isleap(year) else "none"
