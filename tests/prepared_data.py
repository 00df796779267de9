"""A small prepared data set: the prepare job's layout with synthetic flights whose label can be learned."""

from pathlib import Path

import numpy as np
import pandas as pd

from usecase.feature_spec import Feature, FeatureSpec

SPEC = FeatureSpec(
    features=(
        Feature("delay_mean", "numeric", "Mean delay known at the cut-off, in minutes.", "the cut-off"),
        Feature("wind", "numeric", "Wind speed last observed, in mph.", "the cut-off"),
        Feature("hour", "numeric", "Hour of scheduled departure.", "the schedule", nullable=False),
        Feature("carrier", "categorical", "Airline.", "the schedule", vocabulary=("AA", "B6", "UA")),
    ),
    label="label",
    metadata=("flight_id", "flight_date", "origin"),
    slices=("origin", "carrier"),
    horizon_hours=2.0,
    split_months={"train": (1, 2), "validation": (3,), "test": (4,)},
    data_version="synthetic",
)


def flights(rows: int, seed: int, month: int = 1) -> pd.DataFrame:
    """Flights with missing values and a label that depends on delay, wind and carrier."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "delay_mean": rng.gamma(2.0, 8.0, rows).astype("float32"),
            "wind": rng.uniform(0, 30, rows).astype("float32"),
            "hour": rng.integers(5, 23, rows).astype("float32"),
            "carrier": rng.choice(["AA", "B6", "UA"], rows),
            "origin": rng.choice(["JFK", "LGA"], rows),
            "flight_id": [f"{month}-{index}" for index in range(rows)],
            "flight_date": pd.Timestamp(2013, month, 1) + pd.to_timedelta(rng.integers(0, 20, rows), unit="D"),
        }
    )
    logit = 0.09 * frame["delay_mean"] + 0.05 * frame["wind"] + 0.8 * (frame["carrier"] == "B6") - 4.0
    frame["label"] = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype("int8")
    frame.loc[rng.random(rows) < 0.1, "wind"] = np.nan
    return frame


def write_prepared(root: Path, *, rows: int = 600) -> Path:
    """Write all splits and the specification; the train split in two files."""
    for number, (name, months) in enumerate(SPEC.split_months.items()):
        (root / name).mkdir(parents=True)
        for month in months:
            flights(rows, seed=10 * number + month, month=month).to_parquet(root / name / f"month-{month:02d}.parquet")
    (root / "specification").mkdir()
    SPEC.save(root / "specification" / "feature_spec.json")
    return root
