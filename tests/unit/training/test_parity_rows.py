"""The rows stored with a model."""

import numpy as np
import pandas as pd
import xgboost as xgb

from tests.prepared_data import SPEC, flights
from training.channels import Examples
from training.parity_rows import pick_rows, save_rows


def test_stored_rows_are_encoded_examples_with_the_boosters_own_probabilities(tmp_path):
    frame = flights(1_000, seed=2)
    frame.loc[::5, "carrier"] = "ZZ"
    examples = Examples(SPEC.encode(frame), pd.Series(frame["label"]))
    matrix = xgb.DMatrix(examples.features, examples.labels, enable_categorical=True)
    booster = xgb.train({"max_depth": 3, "objective": "binary:logistic", "nthread": 1}, matrix, 5)

    save_rows(pick_rows(examples), booster, tmp_path)

    stored = np.load(tmp_path / "parity_rows.npy")
    places = np.unique(np.linspace(0, 999, 256).astype(int))
    assert stored.shape == (256, 5)
    assert stored.dtype == np.float32
    assert stored[:, -1].tolist() == booster.predict(matrix)[places].tolist()
    assert np.isnan(stored[:, 3]).any()


def test_few_examples_are_all_stored():
    frame = flights(7, seed=2)

    assert len(pick_rows(Examples(SPEC.encode(frame), frame["label"]))) == 7
