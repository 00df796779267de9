"""Data quality of records as the monitor job computes it: `python -m benchmarks.monitoring.our_run FOLDER`."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.monitoring.records import DAY, SPEC, rows
from processing import baseline
from processing.monitoring.captured import CaptureStream
from processing.monitoring.data_quality import DataQuality

_TRAINING_ROWS = 50_000


def main(folder: Path) -> None:
    """Print what was found, as JSON."""
    training = rows(_TRAINING_ROWS, seed=2)
    days = pd.Series(np.arange(_TRAINING_ROWS) * 50 // _TRAINING_ROWS)
    monitor = DataQuality(baseline.statistics(training), baseline.constraints(training, days // 10, days), SPEC)
    for batch in CaptureStream(folder, day=DAY, spec=SPEC, model_version="1"):
        monitor.add(batch)
    report = monitor.finish()
    json.dump({"records": report.records, "violations": len(report.violations)}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
