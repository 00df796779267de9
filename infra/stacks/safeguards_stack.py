"""Deploy the guard rails: who hears of trouble, what it may cost, where jobs log and for how long."""

from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs.data_key import DataKey
from infra.log_retention import retention
from infra.names import arn
from infra.settings import Stage
from infra.stacks.platform_stack import PlatformStack

JOB_LOG_GROUPS = ("ProcessingJobs", "TrainingJobs", "TransformJobs")
"""SageMaker logs to /aws/sagemaker/<one of these>, and makes what is missing: unencrypted, and kept for ever."""

_PUBLISHERS = ("budgets", "cloudwatch", "events")
_USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


class SafeguardsStack(PlatformStack):
    """The operations key, the alarm topic, the budget and the log groups.

    Attributes:
        key: Encrypts logs and alarms.
        topic: Who hears of failures, alarms and cost.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **more: Any) -> None:
        super().__init__(scope, construct_id, stage=stage, is_stateful=True, **more)
        self.key = self._operations_key()
        self.topic = self._topic()
        self._add_job_log_groups()
        self._add_budget()

    def _operations_key(self) -> DataKey:
        key = DataKey(self, "OperationsKey", data_class="operations", stage=self.stage)
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        key.name_service(
            "LogGroups",
            f"logs.{self.region}.amazonaws.com",
            [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn(self, "logs", "log-group:*")}},
        )
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html: services that publish to the topic. By the
        # topic and not by aws:SourceAccount, which EventBridge does not send for encrypted topics.
        topics = {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": arn(self, "sns", f"{self.stage.prefix}-*")}}
        for service in _PUBLISHERS:
            key.name_service(f"Publish{service.capitalize()}", f"{service}.amazonaws.com", _USE_KEY, topics)
        return key

    def _topic(self) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", master_key=self.key, enforce_ssl=True)
        from_here = {"StringEquals": {"aws:SourceAccount": self.account}}
        for service in _PUBLISHERS:
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"Publish{service.capitalize()}",
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions=None if service == "events" else from_here,
                )
            )
        if self.stage.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(self.stage.alarm_email))
        return topic

    def _add_job_log_groups(self) -> None:
        for name in JOB_LOG_GROUPS:
            logs.LogGroup(
                self,
                name,
                log_group_name=f"/aws/sagemaker/{name}",
                retention=retention(self.stage.retention.log_group_days),
                encryption_key=self.key,
                removal_policy=RemovalPolicy.RETAIN if self.stage.is_protected else RemovalPolicy.DESTROY,
            )

    def _add_budget(self) -> None:
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self.stage.monthly_budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )
