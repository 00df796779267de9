"""Make the alarms of the monitors of one variant: what they found, that labels come, and that they ran at all."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.endpoint_alarms import INVOCATIONS

NAMESPACE = "FlightDelay/Monitoring"
_SOON = Duration.minutes(5)
_HOUR = Duration.hours(1)
_DAY_HOURS = 24
_JUDGES_LABELS = "model-quality"


class MonitorAlarms(Construct):
    """One alarm per kind of monitor, one on labels, one on failed runs, one on runs that did not come.

    Monitors publish once a day. Between two runs data is missing, and an alarm keeps the state that the last run gave
    it: hence `ignore`.

    Attributes:
        drift: Kind → the alarm on its violations.
        late_labels: The labels that are due are missing: nobody knows how good the model is. No reason to retrain.
        failed: A run failed.
        did_not_run: There were requests, and nobody looked at them; None for the challenger, which leaves with its
            last requests unseen, and whose monitors run where the champion's do.
        work: The last two: whether monitoring works.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, endpoint: str, variant: str, kinds: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint, self._variant = endpoint, variant
        self.drift: Mapping[str, cloudwatch.Alarm] = {kind: self._drift(kind) for kind in kinds}
        self.late_labels = self._late_labels()
        self.failed = self._failed()
        self.did_not_run = self._did_not_run() if variant == "champion" else None
        self.work = [self.failed, *([self.did_not_run] if self.did_not_run else [])]

    def metric(self, name: str, statistic: str, *, kind: str = "", period: Duration = _SOON) -> cloudwatch.Metric:
        """Return a metric that the monitors publish: of one kind, or of the whole run."""
        place = {"Endpoint": self._endpoint, "Variant": self._variant, **({"Monitor": kind} if kind else {})}
        return cloudwatch.Metric(
            namespace=NAMESPACE, metric_name=name, dimensions_map=place, statistic=statistic, period=period
        )

    def _drift(self, kind: str) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in kind.split("-")),
            metric=self.metric("Violations", "Maximum", kind=kind),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
            alarm_description=f"The monitor of {kind} found violations: {self._name}. docs/how-to/monitor.md",
        )

    def _late_labels(self) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "LateLabels",
            metric=self.metric("LateLabels", "Maximum", kind=_JUDGES_LABELS),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
            alarm_description=f"Labels that are due have not come: {self._name}. docs/how-to/monitor.md",
        )

    def _failed(self) -> cloudwatch.Alarm:
        """A run that succeeds publishes 0, so the alarm ends when the days are caught up."""
        return cloudwatch.Alarm(
            self,
            "Failed",
            metric=self.metric("Failures", "Maximum"),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
            alarm_description=f"The monitors failed; the next run does the day again: {self._name}",
        )

    def _did_not_run(self) -> cloudwatch.Alarm:
        """Fire when requests came 24 hours ago and since then no run has ended.

        By the hour, because a metric alarm looks back one day at most. The running sum begins with the first hour of
        that day: a new endpoint does not alarm before its first run is due. It falls silent in hours whose yesterday
        had no requests, and rings again after them.
        """
        unseen = cloudwatch.MathExpression(
            expression="IF(FILL(runs, 0) > 0, 0, RUNNING_SUM(FILL(requests, 0)) > 0)",
            using_metrics={
                "requests": cloudwatch.Metric(
                    namespace=INVOCATIONS,
                    metric_name="Invocations",
                    dimensions_map={"EndpointName": self._endpoint, "VariantName": self._variant},
                    statistic="Sum",
                    period=_HOUR,
                ),
                "runs": self.metric("Runs", "Sum", period=_HOUR),
            },
            label="requests that no monitor looked at",
            period=_HOUR,
        )
        return cloudwatch.Alarm(
            self,
            "DidNotRun",
            metric=unseen,
            threshold=0,
            evaluation_periods=_DAY_HOURS,
            datapoints_to_alarm=_DAY_HOURS,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"Requests of a day, and no monitor ran: {self._name}",
        )

    @property
    def _name(self) -> str:
        return f"{self._variant} of {self._endpoint}"
