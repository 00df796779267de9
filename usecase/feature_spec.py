"""The feature specification: the description of the model's inputs, and the one encoder of all jobs and the server.

`prepare` writes it as `feature_spec.json`; it travels in the model's archive. Whoever holds the file can turn a frame
of raw feature columns into what XGBoost reads, the same way everywhere.

    FeatureSpecError        the file or the declaration is unusable
    FeatureValueError       a frame does not fit the specification (field `feature` names the column)
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SCHEMA_VERSION = 1

Kind = Literal["numeric", "categorical"]


class FeatureSpecError(ValueError):
    """A feature specification that cannot be used."""


class FeatureValueError(ValueError):
    """A frame which does not fit the specification.

    Attributes:
        feature: the column at fault.
    """

    def __init__(self, feature: str, message: str) -> None:
        super().__init__(message)
        self.feature = feature


@dataclass(frozen=True)
class Feature:
    """One input of the model.

    `minimum` and `maximum` are the range seen in the training months: a hint for monitors and forms, not a limit.
    `typical` is the median of these months: what stands in for a required value that a lone request cannot know.
    `known_at` says in words when the value is known; it is never later than the cut-off.
    """

    name: str
    kind: Kind
    description: str
    known_at: str
    nullable: bool = True
    vocabulary: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    typical: float | None = None


@dataclass(frozen=True)
class FeatureSpec:
    """Everything a job must know about the columns of the prepared data."""

    features: tuple[Feature, ...]
    label: str
    metadata: tuple[str, ...]
    slices: tuple[str, ...]
    horizon_hours: float
    split_months: Mapping[str, tuple[int, ...]]
    data_version: str
    label_description: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order the model reads them."""
        return tuple(feature.name for feature in self.features)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The names of the categorical features."""
        return tuple(feature.name for feature in self.features if feature.kind == "categorical")

    @property
    def numeric(self) -> tuple[str, ...]:
        """The names of the numeric features."""
        return tuple(feature.name for feature in self.features if feature.kind == "numeric")

    @classmethod
    def load(cls, path: Path | str) -> FeatureSpec:
        """Read a specification; refuse what this code does not understand."""
        file = Path(path)
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FeatureSpecError(f"{file}: no feature specification here; the prepare job writes it") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise FeatureSpecError(
                f"{file}: not JSON ({error}); expected the prepare job's feature_spec.json"
            ) from error
        return cls.from_dict(document, where=str(file))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], *, where: str = "feature specification") -> FeatureSpec:
        """Build a specification from its JSON document."""
        version = document.get("schema_version")
        if version != SCHEMA_VERSION:
            raise FeatureSpecError(
                f"{where}: schema_version is {version!r}, this code reads {SCHEMA_VERSION}; prepare the data again"
            )
        try:
            values = dict(document)
            values["features"] = tuple(_feature(entry) for entry in document["features"])
            values["metadata"] = tuple(document["metadata"])
            values["slices"] = tuple(document["slices"])
            values["split_months"] = {name: tuple(months) for name, months in document["split_months"].items()}
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise FeatureSpecError(f"{where}: a field is missing or of the wrong type: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of this specification."""
        return asdict(self) | {"split_months": {name: list(months) for name, months in self.split_months.items()}}

    def save(self, path: Path | str) -> None:
        """Write the specification as JSON, the same bytes for the same content."""
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def encode(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Turn raw feature columns into XGBoost's input: float32 numbers and `category` columns, in the model's order.

        Columns that are no features are ignored; a category the training months never saw becomes missing.

        Raises:
            FeatureValueError: a column is missing, holds a value of the wrong type, or lacks a required value.
        """
        _require_columns(self.names, frame)
        numeric = [feature for feature in self.features if feature.kind == "numeric"]
        encoded = pd.DataFrame(_numbers(numeric, frame), columns=list(self.numeric), index=frame.index)
        for place, feature in enumerate(self.features):
            if feature.kind == "categorical":
                encoded.insert(place, feature.name, _categories(feature, frame[feature.name]))
        return encoded


def _feature(entry: Mapping[str, Any]) -> Feature:
    feature = Feature(**{**entry, "vocabulary": tuple(entry.get("vocabulary", ()))})
    if feature.kind not in ("numeric", "categorical"):
        raise TypeError(f"kind of {feature.name!r} is {feature.kind!r}, allowed: numeric, categorical")
    return feature


def _require_columns(names: Sequence[str], frame: pd.DataFrame) -> None:
    columns = frame.columns
    for name in names:
        if name not in columns:
            near = difflib.get_close_matches(name, [str(column) for column in columns], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise FeatureValueError(name, f"feature {name!r} is missing from the input's {len(columns)} columns{hint}")
    if not columns.is_unique:
        twice = columns[columns.duplicated()][0]
        raise FeatureValueError(str(twice), f"column {twice!r} stands in the input more than once")


def _numbers(features: Sequence[Feature], frame: pd.DataFrame) -> NDArray[np.float32]:
    """All numeric features in one block: a single request must not pay for each column."""
    block = frame[[feature.name for feature in features]]
    if any(kind.kind not in "fiub" for kind in block.dtypes):
        block = pd.DataFrame({feature.name: _number(feature, block[feature.name]) for feature in features})
    with np.errstate(over="ignore"):
        values = block.to_numpy(dtype=np.float32, na_value=np.nan)
    _refuse(np.isinf(values), features, frame, "is not a finite number")
    required = np.array([not feature.nullable for feature in features], dtype=bool)
    _refuse(np.isnan(values) & required, features, frame, "is missing; a value is required")
    return values


def _number(feature: Feature, column: pd.Series) -> pd.Series:
    if column.dtype.kind in "fiub":
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna().to_numpy() & column.notna().to_numpy()
    _refuse(wrong[:, None], [feature], column.to_frame(), "is not a number")
    return numbers


def _categories(feature: Feature, column: pd.Series) -> pd.Categorical:
    values = column.to_numpy(dtype=object)
    codes = pd.Index(feature.vocabulary, dtype=object).get_indexer(pd.Index(values, dtype=object))
    unknown = codes < 0
    if unknown.any():
        missing = column.isna().to_numpy()
        if not feature.nullable:
            _refuse(missing[:, None], [feature], column.to_frame(), "is missing; a value is required")
        wrong = np.zeros(len(values), dtype=bool)
        wrong[unknown] = [not isinstance(value, str) for value in values[unknown]]
        _refuse((wrong & ~missing)[:, None], [feature], column.to_frame(), "is not text")
    return pd.Categorical.from_codes(codes, categories=pd.Index(feature.vocabulary, dtype=object))


def _refuse(wrong: NDArray[np.bool_], features: Sequence[Feature], frame: pd.DataFrame, problem: str) -> None:
    """Name the first wrong value, if there is one; `wrong` has a row each row and a column each feature."""
    if not wrong.any():
        return
    row, place = (int(where) for where in np.argwhere(wrong)[0])
    name = features[place].name
    value = frame[name].iloc[row]
    shown = value.item() if isinstance(value, np.generic) else value
    raise FeatureValueError(name, f"feature {name!r}, row {row}: {shown!r} {problem}")
