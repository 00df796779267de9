"""The monitor job: judge one day of a variant's captured requests by up to four kinds of monitor.

Reads data capture, ground truth, what the run before left, the served model and its baselines; writes each kind's
statistics and violations in Model Monitor's formats, report.json, metrics.json and what the next run needs. It exits 0
with violations: alarms act on the metrics. docs/reference/monitoring-files.md lists every file.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence

from processing.failure import report_failure
from processing.model_archive import ModelArchiveError
from processing.monitoring.report import summary_lines
from processing.monitoring.run import run
from processing.monitoring.settings import MonitorInputError, checked_settings, parse_flags

_LOG = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the job; return its exit code."""
    del environ
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    flags = parse_flags(argv)
    started = time.perf_counter()
    try:
        settings = checked_settings(flags)
        reports = run(settings)
    except (MonitorInputError, ModelArchiveError, OSError) as error:
        return report_failure("monitor", error, flags.message_file)
    for line in summary_lines(settings, reports):
        _LOG.info("%s", line)
    _LOG.info("%.1f s", time.perf_counter() - started)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
