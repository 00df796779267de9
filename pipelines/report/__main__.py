"""Write the report of a run folder: `python -m pipelines.report .local/runs/latest`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.report import write_report


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page and print where it is; 2 where there is no such folder."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.report", description=__doc__)
    parser.add_argument("run_folder", type=Path, nargs="?", default=Path(".local/runs/latest"))
    try:
        print(write_report(parser.parse_args(argv).run_folder))
    except PipelineError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
