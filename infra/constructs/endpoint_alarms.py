"""Make the alarms of one variant of the endpoint, and one composite alarm over all of them.

Metrics of an endpoint exist per endpoint and variant only (there is no "all variants"), and latency is in microseconds
(https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html). Every alarm fires within three minutes:
soon enough for the bake of a guarded update.
"""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.settings import Hosting

INVOCATIONS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
ALARM_SECONDS = 180
_PERIOD = Duration.minutes(1)
_FEW_REQUESTS = 20
_MODEL_ERRORS = 5
_MICROSECONDS = 1000


class VariantAlarms(Construct):
    """Errors, model errors, latency and saturation of one variant.

    Attributes:
        guards: Those that roll an update back; saturation does not, for a canary works at half the fleet.
        all: Every alarm.
    """

    def __init__(self, scope: Construct, construct_id: str, *, endpoint: str, variant: str, hosting: Hosting) -> None:
        super().__init__(scope, construct_id)
        self._place = {"EndpointName": endpoint, "VariantName": variant}
        self._name = f"{variant} of {endpoint}"
        self.guards = [self._errors(hosting), self._model_errors(), self._latency(hosting)]
        self.all = [*self.guards, self._saturation(hosting)]

    def metric(self, name: str, statistic: str, *, namespace: str = INVOCATIONS) -> cloudwatch.Metric:
        """Return a metric of the variant."""
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, dimensions_map=self._place, statistic=statistic, period=_PERIOD
        )

    def _errors(self, hosting: Hosting) -> cloudwatch.Alarm:
        share = cloudwatch.MathExpression(
            # A single error at night is no trend.
            expression=f"IF(requests > {_FEW_REQUESTS}, errors / requests, 0)",
            using_metrics={
                "errors": self.metric("Invocation5XXErrors", "Sum"),
                "requests": self.metric("Invocations", "Sum"),
            },
            label="share of 5xx",
            period=_PERIOD,
        )
        return self._alarm("Errors", share, hosting.error_rate, "Too many requests end in 5xx", datapoints=2)

    def _model_errors(self) -> cloudwatch.Alarm:
        errors = self.metric("InvocationModelErrors", "Sum")
        return self._alarm("ModelErrors", errors, _MODEL_ERRORS, "The model's container does not answer", datapoints=2)

    def _latency(self, hosting: Hosting) -> cloudwatch.Alarm:
        p99 = self.metric("ModelLatency", "p99")
        limit = hosting.p99_latency_ms * _MICROSECONDS
        return self._alarm("Latency", p99, limit, f"p99 above {hosting.p99_latency_ms} ms", datapoints=2)

    def _saturation(self, hosting: Hosting) -> cloudwatch.Alarm:
        cpu = self.metric("CPUUtilization", "Average", namespace=INSTANCES)
        return self._alarm("Saturation", cpu, hosting.cpu_percent, "Instances are saturated", datapoints=3)

    def _alarm(
        self, construct_id: str, metric: cloudwatch.IMetric, threshold: float, what: str, *, datapoints: int
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            construct_id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=ALARM_SECONDS // 60,
            datapoints_to_alarm=datapoints,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{what}: {self._name}",
        )


class EndpointAlarm(cloudwatch.CompositeAlarm):
    """Calls people when any alarm of any variant fires: one page, not eight."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarms: Sequence[cloudwatch.IAlarm],
        topic: sns.ITopic,
        description: str = "The endpoint needs a person",
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM) for alarm in alarms)
            ),
            alarm_description=description,
            # CDK would make up a name without the stage's prefix, which CloudFormation's role may not use.
            composite_alarm_name=f"{Stack.of(scope).stack_name}-{construct_id}",
        )
        self.add_alarm_action(actions.SnsAction(topic))
