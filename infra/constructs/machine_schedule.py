"""Start a state machine regularly."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.job_role import ServiceRole, permit
from infra.policies import allow

SCHEDULED_TIME = '{"scheduled_time": "<aws.scheduler.scheduled-time>"}'
"""The execution's input: when it was due, however late it starts."""


class MachineSchedule(Construct):
    """An EventBridge Scheduler schedule with a role that can start one state machine, and an alarm if it could not.

    Attributes:
        group: Name of the schedule's group.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, expression: str, machine_arn: str, what: str, alarms: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        group = scheduler.CfnScheduleGroup(self, "Group")
        self.group = group.ref
        role = ServiceRole(
            self, "Role", service="scheduler", source_arn=group.attr_arn, description=f"{what}: starts it on schedule"
        )
        permitted = permit(self, "Permissions", role, [allow("Start", ["states:StartExecution"], [machine_arn])])
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            group_name=group.ref,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=machine_arn,
                role_arn=role.role_arn,
                input=SCHEDULED_TIME,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=5
                ),
            ),
        )
        schedule.node.add_dependency(permitted)
        failures = cloudwatch.Metric(
            namespace="AWS/Scheduler",
            metric_name="TargetErrorCount",
            dimensions_map={"ScheduleGroup": group.ref},
            statistic="Sum",
        )
        alarm = failures.create_alarm(
            self,
            "NotStarted",
            alarm_description=f"{what}: the schedule could not start it",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(alarms))
