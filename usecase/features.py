"""The features of a flight, as known some hours before its scheduled departure.

Each module makes one group of columns from `Timeline`, the single place that decides when an event is known:
`schedule_features`, `live_features`, `history_features`, `aircraft_features`, `weather_features`. Nothing that
happened after a flight's cut-off can move any of its features by a single bit: sums run over whole numbers.

Cancelled and diverted flights have no label and so are no rows to learn from, but they are part of what happens: they
stand in the schedule, wait at the airport as far as anyone can tell, and a diverted one has departed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from usecase.aircraft_features import aircraft_features, plane_features
from usecase.asof import Array
from usecase.catalogue import CATALOGUE
from usecase.feature_spec import Feature
from usecase.history_features import history_features
from usecase.live_features import live_features
from usecase.schedule_features import schedule_features
from usecase.timeline import timeline
from usecase.weather_features import weather_features

HORIZON_HOURS = 2.0


def build_features(
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airports: pd.DataFrame,
    horizon_hours: float = HORIZON_HOURS,
) -> pd.DataFrame:
    """Compute every flight's features at its cut-off, `horizon_hours` before its scheduled departure.

    `flights` holds all flights whose features are wanted and those of the 28 days before, cancelled ones included. The
    result has the index of `flights` and the columns of the catalogue, numbers as float32 and categories as text.
    """
    times = timeline(flights, airports, horizon_hours)
    columns = {
        **schedule_features(flights, times),
        **live_features(times),
        **history_features(times),
        **aircraft_features(times),
        **plane_features(flights, planes),
        **weather_features(weather, flights["origin"], times.cutoff),
    }
    ordered = {
        declared.name: _stored(columns[declared.name], categorical=declared.kind == "categorical")
        for declared in CATALOGUE
    }
    return pd.DataFrame(ordered, index=flights.index)


def describe_features(training: pd.DataFrame) -> tuple[Feature, ...]:
    """Complete the catalogue with what the training months show: vocabularies and ranges."""
    return tuple(
        Feature(
            name=declared.name,
            kind=declared.kind,
            description=declared.description,
            known_at=declared.known_at,
            nullable=declared.nullable,
            **(_vocabulary if declared.kind == "categorical" else _range)(training[declared.name]),
        )
        for declared in CATALOGUE
    )


def _stored(values: Array, *, categorical: bool) -> Array:
    return values.astype(object) if categorical else values.astype(np.float32)


def _vocabulary(column: pd.Series) -> dict[str, tuple[str, ...]]:
    return {"vocabulary": tuple(sorted(column.dropna().unique()))}


def _range(column: pd.Series) -> dict[str, float | None]:
    if column.isna().all():
        return {"minimum": None, "maximum": None, "typical": None}
    return {"minimum": float(column.min()), "maximum": float(column.max()), "typical": float(column.median())}
