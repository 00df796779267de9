"""Make real_days.npz from prepared data: `python -m benchmarks.experiment.record_days PREPARED_FOLDER` (about 2 min).

Six models are trained on January to June: three pairs, each of two models of the same kind (an A/A pair), that differ
in seed and sample only. Their differences on July to December are what equal models really differ by, day by day and
hour by hour. A fourth pair is the demo's: a first champion against a challenger with all features and months.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from processing.metrics import row_log_loss
from usecase.feature_spec import FeatureSpec
from usecase.variants import basic_specification

FILE = Path(__file__).with_name("real_days.npz")
DAY_STARTS_AT_UTC_HOUR = 8
_ROUNDS = 100
_PARAMETERS = {
    "objective": "binary:logistic",
    "eta": 0.15,
    "max_depth": 6,
    "min_child_weight": 8,
    "subsample": 0.8,
    "colsample_bytree": 0.4,
}


def main(prepared: Path) -> None:
    """Train, score, sum up, write."""
    months = {int(file.stem[-2:]): pd.read_parquet(file) for file in prepared.glob("*/month-*.parquet")}
    spec = FeatureSpec.load(prepared / "specification" / "feature_spec.json")
    basic = basic_specification(spec)

    def fit(of: FeatureSpec, until: int, seed: int, share: float = 1.0) -> tuple[FeatureSpec, xgb.Booster]:
        frame = pd.concat([months[month] for month in range(1, until)]).sample(frac=share, random_state=seed)
        matrix = xgb.DMatrix(of.encode(frame), frame[spec.label].to_numpy(), enable_categorical=True)
        return of, xgb.train({**_PARAMETERS, "seed": seed}, matrix, _ROUNDS)

    pairs = {
        "same features and flights": (fit(spec, 7, 2), fit(spec, 7, 3)),
        "same features, samples of flights": (fit(spec, 7, 4, 0.6), fit(spec, 7, 5, 0.6)),
        "first features, samples of flights": (fit(basic, 7, 7, 0.6), fit(basic, 7, 8, 0.6)),
        "first champion, full challenger": (fit(basic, 7, 1), fit(spec, 12, 6)),
    }
    flights = pd.concat([months[month] for month in range(7, 13)], ignore_index=True)
    scores = [[_predict(model, flights) for model in pair] for pair in pairs.values()]
    save(flights, spec.label, list(pairs), scores)


def _predict(model: tuple[FeatureSpec, xgb.Booster], frame: pd.DataFrame) -> np.ndarray:
    spec, booster = model
    return booster.predict(xgb.DMatrix(spec.encode(frame), enable_categorical=True)).astype(np.float64)


def save(flights: pd.DataFrame, label: str, names: list[str], scores: Iterable[Iterable[np.ndarray]]) -> None:
    """Write sums by day and hour, and by day and origin."""
    labels = flights[label].to_numpy()
    day = pd.factorize(flights["flight_date"], sort=True)[0]
    asked = pd.to_datetime(flights["sched_dep_utc"]) - pd.Timedelta(hours=2)
    hour = ((asked.dt.hour - DAY_STARTS_AT_UTC_HOUR) % 24).to_numpy()
    origin = pd.factorize(flights["origin"], sort=True)[0]
    days, origins = int(day.max()) + 1, int(origin.max()) + 1

    def total(values: np.ndarray, places: np.ndarray, *shape: int) -> np.ndarray:
        return np.bincount(places, weights=values, minlength=int(np.prod(shape))).reshape(shape)

    one, hours, slices = np.ones(len(flights)), day * 24 + hour, day * origins + origin
    found: dict[str, list[np.ndarray]] = {name: [] for name in ("x", "xx", "slice_x", "gap_minus", "gap_plus")}
    for champion, challenger in scores:
        difference = row_log_loss(labels, challenger) - row_log_loss(labels, champion)
        found["x"].append(total(difference, hours, days, 24))
        found["xx"].append(total(difference**2, hours, days, 24))
        found["slice_x"].append(total(difference, slices, days, origins))
        found["gap_minus"].append(total(challenger - champion, day, days))
        found["gap_plus"].append(total(challenger + champion - 2 * labels, day, days))
    # Half precision: three digits are enough, and the file stays small.
    arrays = {name: np.stack(values).astype(np.float16) for name, values in found.items()}
    counts = {"n": total(one, hours, days, 24), "slice_n": total(one, slices, days, origins)}
    arrays |= {name: values.astype(np.int16) for name, values in counts.items()}
    np.savez_compressed(FILE, pairs=np.array(names), **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
