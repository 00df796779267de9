"""Raw records among captured rows: what the server derived from them is derived again."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from usecase.feature_spec import FeatureSpec
from usecase.request_features import RAW_MARKER, RAW_NAMES, RawRecordError, derive_features


def with_derived_features(frame: pd.DataFrame, spec: FeatureSpec) -> pd.DataFrame:
    """The frame with the features of its raw records; a feature that a record names itself is taken as it is.

    What a raw record cannot know is missing: to the monitors that is a fact about the traffic.
    """
    if RAW_MARKER not in frame.columns:
        return frame
    is_raw = frame[RAW_MARKER].notna().to_numpy()
    if not is_raw.any():
        return frame
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = [_derived(row) if raw else row for row, raw in zip(plain, is_raw, strict=True)]
    found = pd.DataFrame(rows, index=frame.index, dtype=object)
    for name in spec.numeric:
        if name in found.columns:
            found[name] = _float_if_possible(found[name])
    return found


def _derived(row: Mapping[str, Any]) -> dict[str, Any]:
    raw = {name: _number_if_possible(value) for name, value in row.items() if name in RAW_NAMES and value is not None}
    try:
        derived = derive_features(raw)
    except RawRecordError:
        return dict(row)
    given = {name: value for name, value in row.items() if value is not None}
    return {**dict.fromkeys(row), **derived, **given}


def _number_if_possible(value: Any) -> Any:
    """CSV's cells are text; JSON's are what they are."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _float_if_possible(column: pd.Series) -> pd.Series:
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        return column
