"""Run `python -m benchmarks [name …]`; results go to standard output and .local/benchmarks/latest.json."""

import importlib
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.local_server import ROOT
from benchmarks.serving.peers import PeersError
from benchmarks.serving.stacks import StackError

NAMES = ("start_up", "trivial_pipelines", "pipeline_overhead", "serving", "monitoring.data_quality")


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; exit code 1 where a bound is missed, 2 for an unknown name."""
    if unknown := sorted(set(arguments) - set(NAMES)):
        print(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.machine()}"
    print(f"# {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}, load {os.getloadavg()[0]:.1f}")
    found = []
    try:
        for name in arguments or NAMES:
            with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                for measurement in importlib.import_module(f"benchmarks.{name}").measure(Path(folder)):
                    found.append(measurement)
                    print(measurement.line(), flush=True)
    except (StackError, PeersError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    results = ROOT / ".local" / "benchmarks" / "latest.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine, "measurements": [measurement.to_dict() for measurement in found]}
    results.write_text(json.dumps(content, indent=2) + "\n")
    return 0 if all(measurement.is_within_target for measurement in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
