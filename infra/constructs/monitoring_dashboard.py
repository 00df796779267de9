"""Make the dashboard of who answers for the model: its quality, and what drifts."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.monitoring_alarms import MonitorAlarms

_DAY = Duration.days(1)


class ModelDashboard(Construct):
    """Alarms, quality, what the monitors count, and whether they run; both variants side by side.

    Args:
        variants: Variant → its alarms.
        reports: S3 URI below which the reports lie.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, endpoint: str, variants: Mapping[str, MonitorAlarms], reports: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._variants = variants
        board = cloudwatch.Dashboard(self, "Model", dashboard_name=f"{endpoint}-model", start="-P3M")
        alarms: list[cloudwatch.IAlarm] = [
            alarm for variant in variants.values() for alarm in (*variant.drift.values(), *variant.work)
        ]
        board.add_widgets(
            cloudwatch.TextWidget(
                markdown=f"One point a day: a run judges the day before. Reports per variant and day: `{reports}`. "
                "What to do: docs/how-to/monitor.md",
                width=24,
                height=2,
            ),
            cloudwatch.AlarmStatusWidget(alarms=alarms, width=24, height=4, title="Alarms"),
            self._graph("ROC AUC", "Auc", "model-quality"),
            self._graph("Log loss", "LogLoss", "model-quality"),
            self._graph("Mean prediction minus observed rate", "CalibrationGap", "model-quality"),
            self._graph("Share of requests with their label", "LabelledShare", "model-quality"),
            self._graph("Share of requests captured", "CapturedShare", "data-quality"),
            self._graph("Worst drift of a feature", "WorstDrift", "data-quality"),
            self._graph("Requests judged", "Records", "data-quality"),
            self._violations(),
        )

    def _graph(self, title: str, name: str, kind: str) -> cloudwatch.IWidget:
        lines: list[cloudwatch.IMetric] = [
            variant.metric(name, "Maximum", kind=kind, period=_DAY).with_(label=label)
            for label, variant in self._variants.items()
        ]
        return cloudwatch.GraphWidget(title=title, left=lines, width=8)

    def _violations(self) -> cloudwatch.IWidget:
        lines: list[cloudwatch.IMetric] = [
            variant.metric("Violations", "Maximum", kind=kind, period=_DAY).with_(label=f"{label}: {kind}")
            for label, variant in self._variants.items()
            for kind in variant.drift
        ]
        return cloudwatch.GraphWidget(title="Violations", left=lines, width=24)
