"""What a request's values mean to one model: the feature specification, compiled for single rows and for blocks.

Every reader of a format ends here. The quick way takes rows whose values are of the right types as they stand; a row
that it cannot vouch for goes the exact way, value by value, which either encodes it or names row, column, value and
what is allowed. Rows count from 0.
"""

import difflib
import math
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from inference.engine.csv import CsvReader
from inference.errors import PayloadError
from inference.missing_text import MISSING_TEXTS
from usecase.feature_spec import Feature, FeatureSpec
from usecase.request_features import RAW_MARKER, RAW_NAMES

_NUMBERS = frozenset({int, float, type(None)})
_SHOWN = 60
_LONG_BITS = 1_000
_LARGEST = float(np.finfo(np.float32).max)


class Columns:
    """The model's columns."""

    def __init__(self, spec: FeatureSpec) -> None:
        self.features = spec.features
        self.names = spec.names
        self.places = {name: place for place, name in enumerate(self.names)}
        self.known = frozenset({*self.names, *spec.metadata, spec.label})
        self.codes = {
            place: {text: float(code) for code, text in enumerate(feature.vocabulary)}
            for place, feature in enumerate(self.features)
            if feature.kind == "categorical"
        }
        # The same for CSV, where some texts mean missing; as text, for 0.0 would look like an empty cell.
        self.code_texts = {
            place: {text: str(code) for text, code in codes.items() if text not in MISSING_TEXTS}
            for place, codes in self.codes.items()
        }
        # What stands in where a raw record cannot know a value that the model never saw missing.
        self.typical = {
            feature.name: feature.typical
            for feature in self.features
            if not feature.nullable and feature.kind == "numeric"
        }
        self.csv_reader = CsvReader(spec, missing=MISSING_TEXTS, reserved=[RAW_MARKER])
        self.numeric = [place for place in range(len(self.names)) if place not in self.codes]
        self._required_numbers = [place for place in self.numeric if not self.features[place].nullable]

    def is_raw(self, names: Container[str]) -> bool:
        """Whether a record of these columns is a flight as it stands in the schedule, not ready features."""
        return RAW_MARKER in names

    def encode(self, rows: Sequence[list[Any]]) -> NDArray[np.float32]:
        """Encode values in the order of the features: numbers, texts of categories, None for missing."""
        ready = [quick for row in rows if (quick := self._quick(row)) is not None]
        if len(ready) < len(rows):
            return self._exactly(rows)
        try:
            matrix = _matrix(ready)
        except OverflowError:
            return self._exactly(rows)
        missing = sum(row.count(None) for row in ready)
        # What is neither missing nor finite is too large.
        if np.count_nonzero(np.isfinite(matrix)) + missing < matrix.size:
            return self._exactly(rows)
        return matrix

    def is_valid(self, matrix: NDArray[np.float32]) -> bool:
        """Whether a matrix holds no infinite number, and a number wherever one is required."""
        if np.isinf(matrix).any():
            return False
        return not np.isnan(matrix[:, self._required_numbers]).any()

    def value(self, row: int, place: int, value: Any, *, may_miss: bool = False) -> float:
        """Encode one value.

        Raises:
            PayloadError: It is none that the feature may have.
        """
        feature = self.features[place]
        if value is None or (isinstance(value, float) and math.isnan(value)):
            if not (feature.nullable or may_miss):
                self._refuse(row, feature, value, "is missing; a value is required")
            return math.nan
        if feature.kind == "categorical":
            if not isinstance(value, str):
                self._refuse(row, feature, value, "is not text")
            return self.codes[place].get(value, math.nan)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(row, feature, value, "is not a number")
        if not -_LARGEST <= value <= _LARGEST:
            self._refuse(row, feature, value, "is not a finite number of 32 bits")
        return float(value)

    def refuse_unknown(self, row: int, names: Collection[str]) -> None:
        """Refuse columns that do not belong to the record: a misspelt one would count as missing.

        Raises:
            PayloadError: There is one.
        """
        is_raw = self.is_raw(names)
        unknown = sorted(name for name in names if name not in self.known and not (is_raw and name in RAW_NAMES))
        if not unknown:
            return
        near = difflib.get_close_matches(unknown[0][:_SHOWN], self.names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"allowed are the features {', '.join(self.names)}"
        if unknown[0] in RAW_NAMES:
            hint = f"a raw record also needs {RAW_MARKER!r}"
        raise PayloadError(f"row {row}, column {shown(unknown[0])}: this is no feature; {hint}")

    def require_all(self, names: Sequence[str]) -> None:
        """Refuse a table's header that names a column twice, an unknown one, or not every feature.

        Raises:
            PayloadError: One of these.
        """
        refuse_twice(names, "the header")
        self.refuse_unknown(0, names)
        for name in self.names:
            if name not in names:
                raise PayloadError(f"the header lacks the feature {name!r}; it must name {', '.join(self.names)}")

    def _quick(self, row: list[Any]) -> list[Any] | None:
        """The row with codes for categories; None where a value needs a closer look."""
        values = row.copy()
        for place, codes in self.codes.items():
            value = values[place]
            if value.__class__ is not str:
                return None
            values[place] = codes.get(value)
        if not _NUMBERS.issuperset(map(type, values)):
            return None
        return None if any(values[place] is None for place in self._required_numbers) else values

    def _exactly(self, rows: Sequence[list[Any]]) -> NDArray[np.float32]:
        exact = [
            [self.value(number, place, value) for place, value in enumerate(row)] for number, row in enumerate(rows)
        ]
        return _matrix(exact)

    def _refuse(self, row: int, feature: Feature, value: Any, problem: str) -> NoReturn:
        kind = "text" if feature.kind == "categorical" else "a finite number"
        missing = " or missing" if feature.nullable else ", never missing"
        raise PayloadError(f"row {row}, column {feature.name!r}: {shown(value)} {problem}; allowed is {kind}{missing}")


def shown(value: Any) -> str:
    """A value for a message, shortened: texts are the client's, and may be long."""
    try:
        # The text of a long number takes long to make.
        is_long = isinstance(value, int) and value.bit_length() > _LONG_BITS
        text = "a huge number" if is_long else repr(_shortened(value))
    except (RecursionError, ValueError):
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def refuse_twice(names: Sequence[str], where: str) -> None:
    """Refuse a name that stands more than once.

    Raises:
        PayloadError: There is one.
    """
    if len(set(names)) != len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise PayloadError(f"{where} names the column {shown(twice)} more than once")


def as_object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """A JSON object whose keys are all different.

    Raises:
        PayloadError: A key stands more than once.
    """
    result = dict(pairs)
    if len(result) != len(pairs):
        refuse_twice([name for name, _ in pairs], "an object")
    return result


def _shortened(value: Any) -> Any:
    return value[: _SHOWN * 2] if isinstance(value, str | bytes | list) else value


def _matrix(rows: Sequence[list[Any]]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.array(rows, dtype=np.float32)
