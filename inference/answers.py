"""Write answers: probability, label and model version for each row, in the form the client accepts."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.media_types import CSV, JSON


@dataclass(frozen=True)
class AnswerWriter:
    """Write the answers of one model: a row is late at or above the threshold."""

    threshold: float
    version: str

    def write(self, probabilities: NDArray[np.float32], media_type: str) -> bytes:
        """The body of an answer. Nine digits give back every float32."""
        values = probabilities.tolist()
        if media_type == CSV:
            lines = self._rows(values, "%.9g,%d,", _csv_cell(self.version) + "\n")
            return "".join(lines).encode()
        rows = self._rows(
            values, '{"probability": %.9g, "label": %d, "model_version": ', json.dumps(self.version) + "}"
        )
        if media_type == JSON:
            return ('{"predictions": [' + ", ".join(rows) + "]}").encode()
        return "".join(row + "\n" for row in rows).encode()

    def _rows(self, values: Iterable[float], start: str, end: str) -> list[str]:
        threshold = self.threshold
        return [start % (value, value >= threshold) + end for value in values]


def _csv_cell(text: str) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="").writerow([text])
    return target.getvalue()
