"""Rows of a block of captured lines: which requests belong to the day, and what they and their answers hold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Floats
from processing.monitoring.capture_files import Block
from processing.monitoring.capture_lines import Request, read_capture_line, read_transform_line
from processing.monitoring.payload_rows import RowReader
from usecase.feature_spec import FeatureSpec

SMOKE_PREFIX = "smoke-"
"""Begin of the InferenceId of requests that are no traffic."""

Source = Literal["endpoint", "transform"]

# A request near midnight may be written into the folder of the next hour.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class Batch:
    """Some captured rows; the arrays and the frame have one entry a row.

    Attributes:
        ids: InferenceId, else eventId; row k > 0 of a request is `id#k`.
        moments: Seconds since 1970.
        frame: Every field that was sent; features are under their names, numbers as float64, missing is NaN or None.
        probabilities: The answers; NaN is unknown.
    """

    ids: NDArray[np.object_]
    moments: Floats
    frame: pd.DataFrame
    probabilities: Floats

    def __len__(self) -> int:
        """Rows."""
        return len(self.ids)

    def model_input(self, spec: FeatureSpec) -> pd.DataFrame:
        """The features as the server gave them to the model: what a raw record cannot know is the training median."""
        missing = {name: np.nan for name in spec.names if name not in self.frame.columns}
        frame = self.frame.assign(**missing)[list(spec.names)]
        return frame.fillna({f.name: f.typical for f in spec.features if not f.nullable and f.typical is not None})


class BlockReader:
    """Reads blocks of one day's lines; can be sent to another process.

    Args:
        day: In UTC.
        model_version: Answers that name another one are left out.
    """

    def __init__(self, *, day: date, spec: FeatureSpec, model_version: str | None, source: Source) -> None:
        self._source, self._version = source, model_version
        self._rows = RowReader(spec)
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        self._window = (begin.timestamp(), (begin + timedelta(days=1)).timestamp())
        self._id_field = spec.metadata[0] if spec.metadata else None
        self._counts: Counter[str] = Counter()

    def read(self, block: Block) -> tuple[Batch | None, Counter[str]]:
        """Return the block's rows, if it has any, and how many of its lines were what."""
        self._counts = Counter()
        return self._batch(block), self._counts

    def _batch(self, block: Block) -> Batch | None:
        requests = [request for request in self._requests(block) if self._is_wanted(request, block)]
        rows = self._rows.read([request.input for request in requests])
        counts = np.bincount(rows.parents, minlength=len(requests))
        keep = np.array(
            [self._is_answered(request, int(count)) for request, count in zip(requests, counts, strict=True)],
            dtype=bool,
        )
        if not keep.any():
            return None
        self._counts["requests"] += int(keep.sum())
        is_kept = keep[rows.parents]
        kept = [request for request, is_good in zip(requests, keep, strict=True) if is_good]
        batch = Batch(
            ids=np.array(
                [name for r, count in zip(kept, counts[keep], strict=True) for name in _ids(r, count)], object
            ),
            moments=np.repeat([request.moment for request in kept], counts[keep]),
            frame=rows.frame if is_kept.all() else rows.frame[is_kept].reset_index(drop=True),
            probabilities=np.concatenate(
                [
                    np.full(count, np.nan) if r.probabilities is None else np.asarray(r.probabilities, dtype=np.float64)
                    for r, count in zip(kept, counts[keep], strict=True)
                ]
            ),
        )
        self._counts["rows"] += len(batch)
        return batch

    def _requests(self, block: Block) -> Iterator[Request]:
        self._counts["lines"] += len(block.lines) + block.unreadable
        self._counts["broken_lines"] += block.unreadable
        for number, line in enumerate(block.lines, start=block.first):
            if self._source == "transform":
                request = read_transform_line(
                    line, block, number, id_field=self._id_field, moment=self._window[0], features=len(self._rows.names)
                )
            else:
                request = read_capture_line(line)
            if request is None:
                self._counts["broken_lines"] += 1
            else:
                yield request

    def _is_wanted(self, request: Request, block: Block) -> bool:
        slack = _SLACK.total_seconds() if block.is_hour_folder else 0.0
        if request.id.startswith(SMOKE_PREFIX):
            self._counts["smoke"] += 1
        elif not self._window[0] - slack <= request.moment < self._window[1] + slack:
            self._counts["outside_window"] += 1
        elif self._version is not None and request.version not in (None, "", self._version):
            self._counts["other_versions"] += 1
        else:
            return True
        return False

    def _is_answered(self, request: Request, rows: int) -> bool:
        """Whether the request's rows could be read, with one answer for each if answers were captured."""
        is_good = rows > 0 and (request.probabilities is None or len(request.probabilities) == rows)
        self._counts["broken_lines"] += not is_good
        return is_good


def _ids(request: Request, rows: int) -> list[str]:
    return [request.id, *(f"{request.id}#{row}" for row in range(1, rows))]
