"""Write a day's flights as JSON Lines: raw records of the schedule, completed with the features that are known."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from usecase.dataset import flight_ids
from usecase.day_ahead import day_ahead_features
from usecase.prediction_columns import PUBLISHED

_FLOAT_DIGITS = 9
"""Give back every 32-bit number, which is what the model reads."""


def request_lines(tables: Mapping[str, pd.DataFrame], day: dt.date) -> Iterator[str]:
    """Yield one line a flight of the day, in the order of their scheduled departure and id."""
    features = day_ahead_features(tables, day)
    flights = tables["flights"].loc[features.index]
    named = flights[list(PUBLISHED)].assign(flight_id=flight_ids(flights))
    more = features.drop(columns=list(PUBLISHED), errors="ignore")
    rows = pd.concat([named, more], axis=1).sort_values(["sched_dep_time", "flight_id"])
    for row in rows.to_dict("records"):
        record = {name: _plain(value) for name, value in row.items()}
        yield json.dumps({"flight_id": record.pop("flight_id"), **record}, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return a JSON value; what is missing is null."""
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else float(f"{np.float32(value):.{_FLOAT_DIGITS}g}")
    if isinstance(value, np.integer):
        return int(value)
    return value
