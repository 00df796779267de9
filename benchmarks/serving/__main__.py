"""Run `python -m benchmarks.serving [--rounds N] [--seconds S] [stack …]`.

MANAGED_URL=http://127.0.0.1:8080 measures a managed image that runs already in place of its stand-in; it must serve
.local/benchmarks/model, and reads categories as codes. MANAGED_PID, a process of its session, gives its CPU time.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.serving.peers import PeersError
from benchmarks.serving.report import write_report
from benchmarks.serving.rounds import STATE, run, targets
from benchmarks.serving.stacks import FASTAPI, HANDLERS, MANAGED, OWN, StackError


def main() -> int:
    """Measure; exit code 1 where a bound is missed or a server fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__.splitlines()[0])
    parser.add_argument("stacks", nargs="*", metavar="stack", help=f"of {OWN}, {MANAGED}, {HANDLERS}, {FASTAPI}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each cell")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        try:
            found = run(Path(folder), arguments.rounds, arguments.seconds, arguments.stacks)
        except (StackError, PeersError) as error:
            print(f"serving: {error}", file=sys.stderr)
            return 1
    print(write_report(found, STATE / "serving"))
    bounds = list(targets(found)) if not arguments.stacks else []
    for bound in bounds:
        print(bound.line())
    return 0 if all(bound.is_within_target for bound in bounds) else 1


if __name__ == "__main__":
    sys.exit(main())
