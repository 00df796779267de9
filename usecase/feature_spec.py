"""The feature specification: the description of the model's inputs, and the one encoder of all jobs and the server.

`prepare` writes it as `feature_spec.json`; it travels in the model's archive. Whoever holds the file can turn a frame
of raw feature columns into what XGBoost reads, the same way everywhere.

    FeatureSpecError        the file or the declaration is unusable
    FeatureValueError       a frame does not fit the specification (field `feature` names the column)
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

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
        encoded = {feature.name: _encode(feature, _column(frame, feature.name)) for feature in self.features}
        return pd.DataFrame(encoded, index=frame.index)


def _feature(entry: Mapping[str, Any]) -> Feature:
    feature = Feature(**{**entry, "vocabulary": tuple(entry.get("vocabulary", ()))})
    if feature.kind not in ("numeric", "categorical"):
        raise TypeError(f"kind of {feature.name!r} is {feature.kind!r}, allowed: numeric, categorical")
    return feature


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        near = difflib.get_close_matches(name, [str(column) for column in frame.columns], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FeatureValueError(name, f"feature {name!r} is missing from the input's {frame.shape[1]} columns{hint}")
    column = frame[name]
    if isinstance(column, pd.DataFrame):
        raise FeatureValueError(name, f"feature {name!r} stands {column.shape[1]} times in the input; once is allowed")
    return column


def _encode(feature: Feature, column: pd.Series) -> Any:
    missing = column.isna().to_numpy()
    if not feature.nullable and missing.any():
        raise FeatureValueError(
            feature.name,
            f"feature {feature.name!r}, row {int(missing.argmax())}: the value is missing; it is required",
        )
    return _categories(feature, column) if feature.kind == "categorical" else _numbers(feature, column)


def _categories(feature: Feature, column: pd.Series) -> pd.Categorical:
    wrong = [] if isinstance(column.dtype, pd.StringDtype) else _not_text(column)
    if wrong:
        raise _wrong_type(feature, column, wrong[0], "text")
    codes = pd.Index(feature.vocabulary, dtype=object).get_indexer(column.astype(object))
    return pd.Categorical.from_codes(codes, categories=pd.Index(feature.vocabulary, dtype=object))


def _not_text(column: pd.Series) -> list[int]:
    known = column.drop_duplicates().dropna()
    odd = [value for value in known if not isinstance(value, str)]
    return [int(np.flatnonzero(column.isin(odd[:1]).to_numpy())[0])] if odd else []


def _numbers(feature: Feature, column: pd.Series) -> np.ndarray[Any, np.dtype[np.float32]]:
    numbers = pd.to_numeric(column, errors="coerce") if column.dtype.kind not in "fiub" else column
    bad = numbers.isna().to_numpy() & column.notna().to_numpy()
    if bad.any():
        raise _wrong_type(feature, column, int(bad.argmax()), "a number")
    with np.errstate(over="ignore"):
        values = numbers.to_numpy(dtype=np.float32, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        raise _wrong_type(feature, column, int(infinite.argmax()), "a finite number")
    return values


def _wrong_type(feature: Feature, column: pd.Series, row: int, expected: str) -> FeatureValueError:
    value = column.iloc[row]
    value = value.item() if isinstance(value, np.generic) else value
    return FeatureValueError(feature.name, f"feature {feature.name!r}, row {row}: {value!r} is not {expected}")
