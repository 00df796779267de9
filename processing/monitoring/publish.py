"""Bring a complete set of files into the output folder: all of them, next.json last, or none.

A killed run leaves at most a hidden staging folder, which the next one removes. A set without next.json is incomplete.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_STAGING = ".staging-"
NEXT_FILE = "next.json"


@contextmanager
def complete_output(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write into; on success its content replaces what the output folder had under these names.

    On failure nothing changes. Nothing else in the output folder is touched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder) as temporary:
        staging = Path(temporary)
        yield staging
        # Without the last file, what lies there is no result while it is exchanged.
        (folder / NEXT_FILE).unlink(missing_ok=True)
        for old in (folder / name for name in names):
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
        for new in sorted(staging.iterdir(), key=lambda path: (path.name == NEXT_FILE, path.name)):
            new.rename(folder / new.name)
