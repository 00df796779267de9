"""Boosters with every kind of split, and rows that try their edges."""

import numpy as np
import pytest
import xgboost as xgb

from inference.engine.compiled_engine import CompiledEngine
from inference.engine.forest import read_forest
from inference.engine.kernel_store import compile_kernels, kernel_folder, load_kernels

TYPES = ["c", "c", "c", *["float"] * 9]
CATEGORIES = [3, 16, 103]
PARAMETERS = {"objective": "binary:logistic", "tree_method": "hist", "eta": 0.3, "nthread": 1, "max_cat_to_onehot": 5}


def make_rows(count, seed):
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, categories, count) for categories in CATEGORIES]
    numbers = rng.normal(0, 100, (count, 9))
    numbers[:, :4] = np.rint(numbers[:, :4])
    rows = np.column_stack([*codes, numbers]).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def wild_rows(count, seed):
    """Rows with infinities, huge and denormal numbers, and codes that no category has."""
    rng = np.random.default_rng(seed)
    rows = make_rows(count, seed)
    numbers = np.array([np.inf, -np.inf, 3e38, -3e38, 1e-42, -1e-42, 0.0, -0.0, 1e-38], dtype=np.float32)
    codes = np.array([-1, -0.5, 0.5, 1.9, 15, 16, 102, 103, 200, 1e7, 3e7, np.inf, -np.inf], dtype=np.float32)
    for place, kind in enumerate(TYPES):
        chosen = rng.random(count) < 0.3
        rows[chosen, place] = rng.choice(codes if kind == "c" else numbers, chosen.sum())
    return rows


def train(rounds=60, **parameters):
    rows = make_rows(6000, seed=1)
    known = np.nan_to_num(rows)
    signal = known[:, 3] / 50 + np.sin(known[:, 2]) + (known[:, 0] == 1) - (np.isnan(rows[:, 5])) + known[:, 7] / 80
    labels = (signal + np.random.default_rng(2).normal(0, 0.5, len(rows)) > 1).astype(np.float32)
    matrix = xgb.DMatrix(rows, labels, feature_types=TYPES, enable_categorical=True, nthread=1)
    return xgb.train(PARAMETERS | parameters, matrix, rounds)


@pytest.fixture(scope="session")
def booster():
    return train(max_depth=6)


@pytest.fixture(scope="session")
def kernels():
    folder = kernel_folder()
    compile_kernels(folder)
    return load_kernels(folder)


@pytest.fixture(scope="session")
def open_compiled(kernels):
    def open_it(booster):
        return CompiledEngine(read_forest(booster), kernels)

    return open_it
