"""Captured traffic of one day as batches of rows: what every monitor reads, once.

Data capture's JSON Lines (`yyyy/mm/dd/hh/*.jsonl`, at any depth below the folder) and batch transform's output joined
with its input are read alike. Memory is bounded by the blocks that are read at once. A line that cannot be read is
counted, never fatal.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from processing.monitoring.block_pool import in_order
from processing.monitoring.block_reader import Batch, BlockReader, Source
from processing.monitoring.capture_files import blocks, files_of
from usecase.feature_spec import FeatureSpec

__all__ = ["Batch", "CaptureStream", "Source"]

# Starting two processes takes as long as reading so much.
_WORTH_PROCESSES = 64 * 1024**2


class CaptureStream:
    """The batches of one day, in the order of the files' names.

    Args:
        processes: That read a large day's lines; with 1 this process does.

    Attributes:
        counts: lines = broken_lines + smoke + outside_window + other_versions + requests; and rows of those requests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        day: date,
        spec: FeatureSpec,
        model_version: str | None = None,
        source: Source = "endpoint",
        processes: int = 2,
    ) -> None:
        self._folder, self._day, self._processes = folder, day, processes
        self._reader = BlockReader(day=day, spec=spec, model_version=model_version, source=source)
        self.counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Batch]:
        """Read the files."""
        files = files_of(self._folder, self._day)
        is_large = sum(path.stat().st_size for path in files) >= _WORTH_PROCESSES
        processes = self._processes if is_large else 1
        for batch, counts in in_order(self._reader.read, blocks(self._folder, files), processes=processes):
            self.counts.update(counts)
            if batch is not None:
                yield batch
