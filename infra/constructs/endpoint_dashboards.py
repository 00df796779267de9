"""Make the dashboards of the endpoint: one for who runs it, one for who reads the experiment."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.endpoint_alarms import INSTANCES, VariantAlarms

_WIDTH = 12


class EndpointDashboards(Construct):
    """Service: load, errors, latency, saturation, alarms. Experiment: both variants side by side.

    Args:
        variants: Variant → its alarms.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: str,
        variants: Mapping[str, VariantAlarms],
        page: cloudwatch.IAlarm,
    ) -> None:
        super().__init__(scope, construct_id)
        self._variants = variants
        service = cloudwatch.Dashboard(self, "Service", dashboard_name=f"{endpoint}-service")
        alarms = [alarm for variant in variants.values() for alarm in variant.all]
        service.add_widgets(
            cloudwatch.AlarmStatusWidget(alarms=[page, *alarms], width=24, title="Alarms"),
            self._graph("Requests a minute", "Invocations", "Sum"),
            self._graph("5xx a minute", "Invocation5XXErrors", "Sum"),
            self._graph("p99 of model latency, µs", "ModelLatency", "p99"),
            self._graph("CPU, percent of a vCPU", "CPUUtilization", "Average", INSTANCES),
            self._graph("Requests at once per model", "ConcurrentRequestsPerModel", "Maximum"),
            self._graph("Disk, percent: capture stops above 75", "DiskUtilization", "Maximum", INSTANCES),
        )
        experiment = cloudwatch.Dashboard(self, "Experiment", dashboard_name=f"{endpoint}-experiment")
        experiment.add_widgets(
            cloudwatch.TextWidget(
                markdown="Traffic, errors and latency of champion and challenger. Quality is judged on captured "
                "requests: see `experiments/` in the capture zone.",
                width=24,
                height=2,
            ),
            self._graph("Requests a minute", "Invocations", "Sum"),
            self._graph("4xx a minute", "Invocation4XXErrors", "Sum"),
            self._graph("p99 of model latency, µs", "ModelLatency", "p99"),
            self._graph("p99 of SageMaker's own share, µs", "OverheadLatency", "p99"),
        )

    def _graph(self, title: str, metric: str, statistic: str, namespace: str = "AWS/SageMaker") -> cloudwatch.IWidget:
        lines: list[cloudwatch.IMetric] = [
            variant.metric(metric, statistic, namespace=namespace).with_(label=name)
            for name, variant in self._variants.items()
        ]
        return cloudwatch.GraphWidget(title=title, left=lines, width=_WIDTH)
