"""Publish the metrics that a monitoring container leaves in files.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html.
"""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

FOLDER = "/opt/ml/output/metrics/cloudwatch"
NAMESPACE = "/aws/sagemaker/Endpoint/data-metrics"
_MEMBERS = ("MetricName", "Timestamp", "Dimensions", "Value", "StatisticValues", "Unit")
_LOG = logging.getLogger(__name__)


def publish(cloudwatch: Any, folder: Path) -> None:
    """Publish every metric in the files of a folder, a line each; what is none is left out, and logged."""
    for line in _lines(folder):
        try:
            given = json.loads(line)
            datum = {name: given[name] for name in _MEMBERS if name in given}
            moment = dt.datetime.fromisoformat(given["Timestamp"])
            datum["Timestamp"] = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
            cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
        except (ValueError, TypeError, KeyError, ClientError, BotoCoreError) as err:
            _LOG.warning("a monitoring container wrote a metric that is none: %s: %s", type(err).__name__, err)


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from (line for line in text.splitlines() if line.strip())
