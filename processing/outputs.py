"""Write a job's outputs so that none is ever half there: into a staging folder, then moved when all are complete."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


@contextmanager
def staged(target: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Give a staging folder with a subfolder for each output; on success they replace the target's subfolders' content.

    On failure nothing of it reaches the target. Files are moved one by one, for a job's output folders may be mounts.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=target) as folder:
        staging = Path(folder)
        for name in names:
            (staging / name).mkdir()
        yield staging
        for name in names:
            _replace_content(staging / name, target / name)


def write_json(document: Mapping[str, Any], file: Path) -> None:
    """Write a document; the same content gives the same bytes."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def write_rows(rows: pd.DataFrame, file: Path) -> None:
    """Write rows as Parquet; the same rows give the same bytes."""
    table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, file, compression="snappy", row_group_size=65_536)


def write_json_lines(rows: pd.DataFrame, file: Path) -> None:
    """Write one JSON object a row; missing values are null."""
    plain = rows.astype(object).where(rows.notna(), None)
    infinite = rows.isin([math.inf, -math.inf])
    if infinite.any(axis=None):
        # JSON has no infinity.
        plain = plain.mask(infinite, rows.astype(str))
    lines = (json.dumps(row, ensure_ascii=False, default=str) for row in plain.to_dict("records"))
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _replace_content(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for new in source.iterdir():
        shutil.move(new, target / new.name)
