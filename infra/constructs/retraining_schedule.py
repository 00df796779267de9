"""Start the pipeline regularly."""

import json

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.job_role import ServiceRole, permit
from infra.names import arn
from infra.policies import allow


class RetrainingSchedule(Construct):
    """An EventBridge Scheduler schedule with a role that can start one pipeline, and an alarm if it could not.

    The data version is the scheduled time: step caching compares URIs, not content, and would find last week's result.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, expression: str, pipeline: str, alarms: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        group = scheduler.CfnScheduleGroup(self, "Group")
        role = ServiceRole(
            self,
            "Role",
            service="scheduler",
            source_arn=group.attr_arn,
            description="Starts the training pipeline on schedule",
        )
        start = allow(
            "StartPipeline", ["sagemaker:StartPipelineExecution"], [arn(self, "sagemaker", f"pipeline/{pipeline}")]
        )
        permitted = permit(self, "Permissions", role, [start])
        request = {
            "PipelineName": pipeline,
            "PipelineExecutionDescription": "Scheduled retraining",
            "PipelineParameters": [{"Name": "DataVersion", "Value": "<aws.scheduler.scheduled-time>"}],
        }
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            group_name=group.ref,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=15
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn="arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
                role_arn=role.role_arn,
                input=json.dumps(request),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=5
                ),
            ),
        )
        schedule.node.add_dependency(permitted)
        self._add_alarm(group.ref, alarms)

    def _add_alarm(self, group: str, alarms: sns.ITopic) -> None:
        failures = cloudwatch.Metric(
            namespace="AWS/Scheduler",
            metric_name="TargetErrorCount",
            dimensions_map={"ScheduleGroup": group},
            statistic="Sum",
        )
        alarm = failures.create_alarm(
            self,
            "NotStarted",
            alarm_description="Scheduled retraining could not be started",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(alarms))
