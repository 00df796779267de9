"""The model, the rows and the requests: like the project's own model, but made here in seconds and always the same.

300 trees of depth 6 over 49 features: carrier, origin and destination as categories, whole numbers and fractions, 5 %
missing. As in the project's own model one split in twenty is categorical.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from usecase.feature_spec import Feature, FeatureSpec

BATCH_ROWS = 1000
PARITY_ROWS = 20_000
_CATEGORIES = {"carrier": 16, "origin": 3, "dest": 103}
_NUMBERS = 46
_MISSING = 0.05
_ROUNDS, _DEPTH = 300, 6
_SINGLES, _BATCHES = 1000, 16


@dataclass(frozen=True)
class Workload:
    """What every stack serves and answers.

    Attributes:
        folder: The unpacked model.
        texts: Rows as CSV lines, categories as text.
        codes: The same rows with categories as codes, which is what the managed image's own reader takes.
        probabilities: XGBoost's answer for each row.
    """

    folder: Path
    texts: list[str]
    codes: list[str]
    probabilities: np.ndarray

    def lines(self, *, as_codes: bool) -> list[str]:
        """The rows as a stack reads them."""
        return self.codes if as_codes else self.texts

    def write_bodies(self, path: Path, rows: int, *, as_codes: bool) -> Path:
        """Write the bodies of a cell's requests as JSON."""
        lines = self.lines(as_codes=as_codes)
        count = _SINGLES if rows == 1 else _BATCHES
        bodies = ["\n".join(lines[start : start + rows]) + "\n" for start in range(0, count * rows, rows)]
        path.write_text(json.dumps(bodies))
        return path


def make_workload(folder: Path) -> Workload:
    """Train the model into `folder` unless it is there, and make the rows."""
    spec = _specification()
    frame = _rows(spec, PARITY_ROWS, seed=2)
    booster = _model(folder, spec)
    encoded = spec.encode(frame)
    codes = encoded.copy()
    for name in spec.categorical:
        codes[name] = encoded[name].cat.codes
    return Workload(
        folder,
        _lines(frame),
        _lines(codes),
        booster.predict(xgb.DMatrix(encoded, enable_categorical=True, nthread=1)),
    )


def _specification() -> FeatureSpec:
    categories = [
        Feature(name, "categorical", "", "", nullable=False, vocabulary=tuple(_code(name, i) for i in range(count)))
        for name, count in _CATEGORIES.items()
    ]
    numbers = [
        Feature(f"number_{index:02}", "numeric", "", "", minimum=-300.0, maximum=300.0) for index in range(_NUMBERS)
    ]
    return FeatureSpec((*categories, *numbers), "late", (), (), 2.0, {}, "benchmark")


def _code(name: str, index: int) -> str:
    """Three letters; no missing-value text is among them."""
    return f"{name[0].upper()}{chr(65 + index // 26)}{chr(65 + index % 26)}"


def _rows(spec: FeatureSpec, count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(0, 100, (count, _NUMBERS)).astype(np.float32)
    numbers[:, : _NUMBERS // 2] = np.rint(numbers[:, : _NUMBERS // 2])
    numbers = np.round(numbers, 4)
    numbers[rng.random(numbers.shape) < _MISSING] = np.nan
    columns = {
        feature.name: rng.choice(np.array(feature.vocabulary, dtype=object), count)
        for feature in spec.features
        if feature.kind == "categorical"
    }
    return pd.DataFrame(columns).join(pd.DataFrame(numbers, columns=list(spec.numeric)))


def _model(folder: Path, spec: FeatureSpec) -> xgb.Booster:
    booster = xgb.Booster()
    path = folder / "model.ubj"
    if not path.is_file():
        frame = _rows(spec, 30_000, seed=1)
        known = frame[list(spec.numeric)].fillna(0).to_numpy()
        dest = frame["dest"].map({text: place for place, text in enumerate(spec.features[2].vocabulary)}).to_numpy()
        signal = known[:, :20] @ np.linspace(1, 0.1, 20) / 200 + np.sin(dest) / 5 + known[:, 30] * known[:, 3] / 20_000
        labels = signal + np.random.default_rng(3).normal(0, 1, len(frame)) > 1
        matrix = xgb.QuantileDMatrix(spec.encode(frame), labels, enable_categorical=True)
        parameters = {
            "objective": "binary:logistic",
            "max_depth": _DEPTH,
            "eta": 0.1,
            "min_child_weight": 10,
            "seed": 1,
        }
        folder.mkdir(parents=True, exist_ok=True)
        spec.save(folder / "feature_spec.json")
        xgb.train(parameters, matrix, _ROUNDS).save_model(path)
    booster.load_model(path)
    return booster


def _lines(frame: pd.DataFrame) -> list[str]:
    return frame.to_csv(index=False, header=False, lineterminator="\n").splitlines()
