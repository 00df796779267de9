"""Write answers: probability, label and model version for each row, in the form the client accepts."""

import csv
import io
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.engine.csv import RowWriter
from inference.media_types import CSV, JSON, JSON_LINES

# Below, the compiled writer's fixed cost is more than it saves.
_MANY_ROWS = 4


@dataclass(frozen=True)
class _Form:
    """The texts around the rows of an answer. Nine digits give back every float32."""

    first: str
    row: str
    label_end: str
    between: str
    last: str


class AnswerWriter:
    """Write the answers of one model: a row is late at or above the threshold."""

    def __init__(self, threshold: float, version: str) -> None:
        self.threshold = threshold
        self.version = version
        start, end = '{"probability": %.9g, "label": ', f', "model_version": {json.dumps(version)}}}'
        self._forms = {
            CSV: _Form("", "%.9g,", f",{_csv_cell(version)}\n", "", ""),
            JSON: _Form('{"predictions": [', start, end, ", ", "]}"),
            JSON_LINES: _Form("", start, end + "\n", "", ""),
        }
        self._writers = {media_type: _compiled(form, threshold) for media_type, form in self._forms.items()}

    def write(self, probabilities: NDArray[np.float32], media_type: str) -> bytes:
        """The body of an answer."""
        form = self._forms[media_type]
        if len(probabilities) >= _MANY_ROWS:
            rows = self._writers[media_type].write(probabilities)
            if rows is not None:
                return form.first.encode() + rows + form.last.encode()
        # Not by one template: the version may hold a percent sign.
        row, threshold, end = form.row, self.threshold, form.label_end
        texts = [(row % value) + ("1" if value >= threshold else "0") + end for value in probabilities.tolist()]
        return (form.first + form.between.join(texts) + form.last).encode()


def _compiled(form: _Form, threshold: float) -> RowWriter:
    before, _, after = form.row.partition("%.9g")
    ends = [(after + label + form.label_end).encode() for label in "01"]
    return RowWriter(threshold, before=before.encode(), below=ends[0], above=ends[1], between=form.between.encode())


def _csv_cell(text: str) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="").writerow([text])
    return target.getvalue()
