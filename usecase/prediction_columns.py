"""Say which columns a day's predictions have: what a request holds, and beside it what the model answered.

The transform job joins each answer to its request as `SageMakerOutput`; JSON readers of Hive tables ignore the case.
"""

from __future__ import annotations

from usecase.catalogue import CATALOGUE
from usecase.day_ahead import FEATURES

PUBLISHED = (
    "year", "month", "day", "sched_dep_time", "sched_arr_time", "carrier", "flight", "tailnum", "origin", "dest",
)  # fmt: skip
"""What a request tells of the published flight, besides its features."""

ANSWER_COLUMN = "sagemakeroutput"
ANSWER_FIELDS = {"probability": "double", "label": "int", "model_version": "string"}

_TEXTS = frozenset({"carrier", "tailnum", "origin", "dest"})


def prediction_columns() -> dict[str, str]:
    """Return the Hive type of each column, in the order of a request; the partition is none of them."""
    published = {name: "string" if name in _TEXTS else "int" for name in PUBLISHED}
    kinds = {feature.name: feature.kind for feature in CATALOGUE}
    features = {
        name: "string" if kinds[name] == "categorical" else "double" for name in FEATURES if name not in published
    }
    fields = ",".join(f"{name}:{kind}" for name, kind in ANSWER_FIELDS.items())
    return {"flight_id": "string", **published, **features, ANSWER_COLUMN: f"struct<{fields}>"}
