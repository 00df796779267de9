"""Plain CSV to the model's matrix by compiled loops, and probabilities to rows of an answer.

The quick way for the usual request: rows without a header, or with one in the specification's order, of ASCII text
without quotes and blanks. Everything else, and everything wrong, is None: the careful reader then says what it means.
"""

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.engine import text_layout
from inference.engine.kernel_store import loaded_kernels
from usecase.feature_spec import FeatureSpec

UNSURE: Final = -1
_NEWLINE: Final = 10
# A probability of nine digits takes up to 15 bytes: 0.000123456789.
_NUMBER_BYTES: Final = 15


class CsvReader:
    """Reads rows of one specification."""

    def __init__(self, spec: FeatureSpec, *, missing: Collection[str], reserved: Collection[str] = ()) -> None:
        """Prepare the categories.

        Args:
            spec: Names, kinds and vocabularies.
            missing: Texts that mean a missing category.
            reserved: Texts that never are a category here, but a header's.
        """
        self._header = ",".join(spec.names).encode() + b"\n"
        self._kinds = text_layout.kinds(spec)
        self._dictionary = text_layout.dictionary(spec, missing, {*spec.names, *reserved})
        # Only a number that is none tells a header from a row.
        self._is_able = bool(spec.numeric)

    def read(self, body: bytes) -> NDArray[np.float32] | None:
        """The rows as a matrix: missing values are NaN, categories their codes; None where a closer look is needed."""
        kernels = loaded_kernels()
        if kernels is None or not self._is_able:
            return None
        start = len(self._header) if body.startswith(self._header) else 0
        text = np.frombuffer(body, dtype=np.uint8)
        out = np.empty((body.count(b"\n", start) + 1, len(self._kinds)), dtype=np.float32)
        rows = kernels.text.read_table(text, start, self._kinds, *self._dictionary, out)
        return out[:rows] if rows > 0 else None


class RowWriter:
    """Writes the rows of an answer."""

    def __init__(self, threshold: float, *, before: bytes, below: bytes, above: bytes, between: bytes = b"") -> None:
        """Prepare the texts around a probability.

        Args:
            threshold: From this probability on `above` follows it, else `below`.
            before: What stands before every probability.
            below: What follows a probability below the threshold.
            above: What follows the others.
            between: What stands between rows.
        """
        self._threshold = threshold
        self._texts = tuple(np.frombuffer(text, dtype=np.uint8) for text in (before, below, above, between))
        self._row_bytes = _NUMBER_BYTES + len(before) + max(len(below), len(above)) + len(between)

    def write(self, probabilities: NDArray[np.float32]) -> bytes | None:
        """The rows, each probability as `%.9g` would print it; None where one is below 0.0001 or 1."""
        kernels = loaded_kernels()
        if kernels is None:
            return None
        out = np.empty(len(probabilities) * self._row_bytes, dtype=np.uint8)
        size = kernels.text.write_rows(probabilities, self._threshold, *self._texts, out)
        return None if size == UNSURE else out[:size].tobytes()
