import numpy as np
import pytest
import xgboost as xgb

from tests.unit.inference.engine.conftest import CATEGORIES, TYPES, make_rows, train, wild_rows
from training.ensemble import average


def as_xgboost_predicts(booster, rows):
    matrix = xgb.DMatrix(rows, feature_types=TYPES, enable_categorical=True, nthread=1)
    return booster.predict(matrix)


def test_twenty_thousand_rows_get_xgboosts_own_probabilities(booster, open_compiled):
    rows = make_rows(20_000, seed=3)

    assert np.abs(open_compiled(booster).predict(rows) - as_xgboost_predicts(booster, rows)).max() <= 1e-6


def test_infinite_huge_and_denormal_numbers_and_unknown_categories_go_where_xgboost_sends_them(booster, open_compiled):
    rows = wild_rows(20_000, seed=4)

    assert np.abs(open_compiled(booster).predict(rows) - booster.inplace_predict(rows)).max() <= 1e-6


def test_the_training_rows_know_both_kinds_of_categorical_split(booster):
    text = "".join(booster.get_dump())

    assert "f0:{" in text
    assert "f2:{" in text
    assert len(CATEGORIES) == TYPES.count("c")


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 9, 63, 64, 65, 200])
def test_a_row_scores_the_same_in_any_company(booster, open_compiled, rows):
    engine = open_compiled(booster)
    every = wild_rows(200, seed=5)

    assert (engine.predict(every[:rows]) == engine.predict(every)[:rows]).all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_depth": 1},
        {"max_depth": 4},
        {"max_depth": 9},
        {"max_depth": 0, "max_leaves": 24, "grow_policy": "lossguide"},
        {"max_depth": 5, "min_child_weight": 200},
        {"max_depth": 3, "gamma": 1e9},
        {"max_depth": 5, "scale_pos_weight": 5, "base_score": 0.01},
        {"max_depth": 4, "num_parallel_tree": 3, "subsample": 0.5},
        {"max_depth": 4, "max_cat_to_onehot": 1000},
    ],
    ids=str,
)
def test_every_shape_of_tree_agrees(parameters, open_compiled):
    booster = train(12, **parameters)
    rows = wild_rows(3_000, seed=6)

    assert np.abs(open_compiled(booster).predict(rows) - booster.inplace_predict(rows)).max() <= 1e-6


def test_an_average_of_several_seeds_agrees(open_compiled):
    booster = average([train(15, max_depth=5, seed=seed, subsample=0.7) for seed in (1, 2)])
    rows = wild_rows(3_000, seed=7)

    assert np.abs(open_compiled(booster).predict(rows) - booster.inplace_predict(rows)).max() <= 1e-6


def test_other_layouts_and_types_of_a_matrix_are_read_rightly(booster, open_compiled):
    rows = make_rows(100, seed=8)
    engine = open_compiled(booster)

    assert (engine.predict(np.asfortranarray(rows)) == engine.predict(rows)).all()
    assert (engine.predict(rows.astype(np.float64)) == engine.predict(rows)).all()
    assert len(engine.predict(rows[:0])) == 0
