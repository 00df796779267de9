"""Start a state machine when an event happens; an event that does not get through is kept, and an alarm tells of it."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.job_role import ServiceRole, permit
from infra.names import arn
from infra.policies import allow


class EventStart(Construct):
    """A rule, its role, its dead-letter queue and an alarm on what lies there.

    Args:
        alarms: Hears of events that did not get through.
        pattern: Of the events.
        paths: Name → JSON path into the event.
        template: JSON text of the execution's input, with `<name>` for what a path found.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        machine_arn: str,
        alarms: sns.ITopic,
        pattern: Mapping[str, Any],
        paths: Mapping[str, str],
        template: str,
    ) -> None:
        super().__init__(scope, construct_id)
        role = ServiceRole(
            self,
            "Role",
            service="events",
            source_arn=arn(self, "events", "rule/*"),
            description=f"Starts one state machine: {description}",
        )
        permitted = permit(self, "Permissions", role, [allow("Start", ["states:StartExecution"], [machine_arn])])
        lost = sqs.Queue(
            self,
            "Lost",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        rule = events.CfnRule(
            self,
            "Rule",
            description=description,
            event_pattern=dict(pattern),
            targets=[
                events.CfnRule.TargetProperty(
                    id="machine",
                    arn=machine_arn,
                    role_arn=role.role_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=lost.queue_arn),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=3600, maximum_retry_attempts=8
                    ),
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=dict(paths), input_template=template
                    ),
                )
            ],
        )
        rule.node.add_dependency(permitted)
        lost.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventBridgeKeepsWhatIsLost",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[lost.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
            )
        )
        alarm = cloudwatch.Alarm(
            self,
            "NotStarted",
            metric=lost.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"An event started nothing: {description}. It lies in the queue.",
        )
        alarm.add_alarm_action(actions.SnsAction(alarms))
