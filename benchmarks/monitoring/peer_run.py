"""The same records profiled by whylogs: `python peer_run.py FOLDER`, in the peer's own environment.

Reads the lines as ours does, block by block, and profiles the rows: counts, types, distributions, frequent values. It
compares with no baseline, which ours does.
"""

import io
import json
import sys
from itertools import islice
from pathlib import Path

import pandas as pd
import whylogs
from whylogs.core import DatasetProfile

_BLOCK = 5_000


def main(folder: Path) -> None:
    """Print what was seen, as JSON."""
    profile, records = DatasetProfile(), 0
    for file in sorted(folder.rglob("*.jsonl")):
        with file.open() as stream:
            while lines := list(islice(stream, _BLOCK)):
                payloads = [json.loads(line)["captureData"]["endpointInput"]["data"] for line in lines]
                frame = pd.read_csv(io.StringIO("\n".join(payloads)), header=None)
                profile.track(frame.rename(columns=str))
                records += len(frame)
    columns = len(profile.view().get_columns())
    json.dump({"records": records, "columns": columns, "whylogs": whylogs.__version__}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
