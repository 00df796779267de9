"""The training job, run in process: modes, outputs and failures."""

import json
import re
import tarfile

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from tests.prepared_data import SPEC, flights
from training import model
from training.train import main, refit_plan

ARGUMENTS = ["--eta", "0.3", "--max_depth", "3", "--num_round", "40", "--early_stopping_rounds", "5", "--seed", "7"]
# SageMaker's own expressions for this image; #011 is the TAB of the log.
AUC = re.compile(r".*\[[0-9]+\].*\tvalidation-auc:(\S+)")
LOG_LOSS = re.compile(r".*\[[0-9]+\].*\tvalidation-logloss:(\S+)")


@pytest.fixture
def tuned(container, tmp_path, capsys):
    """A finished tuning trial: its report, and a channel with its archive."""
    assert main(ARGUMENTS, container("trial")) == 0
    capsys.readouterr()
    folder = tmp_path / "tuned"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "trial" / "model", arcname="")
    return report_of(tmp_path / "trial"), folder


def report_of(job):
    return json.loads((job / "model" / "training_report.json").read_text())


def predictions(job):
    return model.load(job / "model").predict(xgb.DMatrix(SPEC.encode(flights(200, seed=99)), enable_categorical=True))


def failure_of(job):
    return (job / "output" / "failure").read_text()


def test_the_last_line_of_the_log_scores_the_model_that_is_saved(container, tmp_path, capsys):
    main(ARGUMENTS, container())

    log = capsys.readouterr().out
    best = report_of(tmp_path / "job")
    scores = best["metrics"]["validation"]
    assert float(AUC.findall(log)[-1]) == pytest.approx(scores["auc"], abs=1e-5)
    assert float(LOG_LOSS.findall(log)[-1]) == pytest.approx(scores["log_loss"], abs=1e-5)
    assert scores["log_loss"] == pytest.approx(min(float(value) for value in LOG_LOSS.findall(log)), abs=1e-5)
    assert f"[{best['best_iteration']}]" in log.splitlines()[-1]


def test_early_stopping_cuts_the_model_after_its_best_round(container, tmp_path):
    main([*ARGUMENTS[:-4], "--num_round", "400", "--early_stopping_rounds", "5"], container())

    report = report_of(tmp_path / "job")
    assert report["rounds_run"] == report["best_iteration"] + 6
    assert model.load(tmp_path / "job" / "model").num_boosted_rounds() == report["best_iteration"] + 1


def test_the_model_folder_holds_all_that_serving_needs(container, tmp_path):
    main(ARGUMENTS, container())

    folder = tmp_path / "job" / "model"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"model.ubj", "feature_spec.json", "training_report.json", "code/serve.py"} <= names
    assert {"code/inference/handlers.py", "code/usecase/feature_spec.py"} <= names
    assert not [name for name in names if "__pycache__" in name or "entrypoint" in name]


def test_the_same_seed_gives_the_same_bytes(container, tmp_path):
    for name in ("first", "second"):
        main([*ARGUMENTS, "--subsample", "0.7"], container(name))

    first, second = ((tmp_path / name / "model" / "model.ubj").read_bytes() for name in ("first", "second"))
    assert first == second


def test_a_refit_trains_on_both_splits_for_the_trials_rounds_scaled_by_the_rows(container, tmp_path, tuned):
    trial, channel = tuned

    assert main([], container("refit", SM_CHANNEL_TUNED=str(channel))) == 0

    report = report_of(tmp_path / "refit")
    assert report["mode"] == "refit"
    assert report["rows"] == {"train": 1800}
    assert report["num_boost_round"] == round(1.5 * trial["num_boost_round"])
    assert report["hyperparameters"]["eta"] == 0.3
    assert report["metrics"]["validation"] == trial["metrics"]["validation"]


def test_a_refit_averages_the_margins_of_its_seeds(container, tmp_path, tuned):
    _, channel = tuned
    environment = {"SM_CHANNEL_TUNED": str(channel)}

    main(["--num_seeds", "2"], container("average", **environment))
    for seed in ("7", "8"):
        main(["--seed", seed], container(f"seed{seed}", **environment))

    def margin(name):
        return np.log(predictions(tmp_path / name) / (1 - predictions(tmp_path / name)))

    assert margin("average") == pytest.approx((margin("seed7") + margin("seed8")) / 2, abs=1e-4)


def test_hyperparameters_of_the_refit_win_over_the_trials():
    trial = {"hyperparameters": {"eta": 0.3, "seed": 7}, "best_iteration": 9, "rows": {"train": 100}}

    plan = refit_plan(trial, {"eta": "0.1", "num_round": "33"}, rows=200)

    assert (plan.booster["eta"], plan.seed, plan.num_round, plan.early_stopping_rounds) == (0.1, 7, 33, 0)


def test_several_seeds_need_a_tuned_trial(container, tmp_path, capsys):
    assert main(["--num_seeds", "3"], container()) == 1

    assert "'num_seeds' is 3; without the channel 'tuned' only 1" in failure_of(tmp_path / "job")
    assert "training failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist; add the channel"),
        ({}, "no *.parquet file"),
        ({"month.parquet": b"not parquet"}, "month.parquet: not a readable Parquet file"),
        ({"month.parquet": flights(20, 1).drop(columns=["wind", "label"])}, "columns wind, label are missing"),
        ({"month.parquet": flights(20, 1).assign(label=2)}, "label 'label' is 2; allowed are 0 and 1"),
        ({"month.parquet": flights(20, 1).assign(label=0)}, "both 0 and 1 must occur"),
        ({"month.parquet": flights(20, 1).assign(wind="strong")}, "'wind', row 0: 'strong' is not a number"),
    ],
)
def test_an_unusable_channel_ends_in_a_reason_that_names_it(container, tmp_path, content, reason):
    folder = tmp_path / "bad"
    if content is not None:
        folder.mkdir()
        for name, value in content.items():
            (folder / name).write_bytes(value) if isinstance(value, bytes) else value.to_parquet(folder / name)

    assert main(ARGUMENTS, container(SM_CHANNEL_TRAIN=str(folder))) == 1

    assert failure_of(tmp_path / "job").startswith("channel 'train'")
    assert reason in failure_of(tmp_path / "job")


@pytest.mark.parametrize("content", [None, b"", b"no archive", "empty"])
def test_an_unusable_tuned_archive_ends_in_a_reason(container, tmp_path, content):
    folder = tmp_path / "tuned"
    folder.mkdir()
    if content == "empty":
        tarfile.open(folder / "model.tar.gz", "w:gz").close()
    elif content is not None:
        (folder / "model.tar.gz").write_bytes(content)

    assert main([], container(SM_CHANNEL_TUNED=str(folder))) == 1

    assert failure_of(tmp_path / "job").startswith("channel 'tuned'")


def test_a_missing_specification_says_who_writes_it(container, tmp_path):
    assert main([], container(SM_CHANNEL_SPECIFICATION=str(tmp_path))) == 1

    assert "the prepare job writes it" in failure_of(tmp_path / "job")


def test_unknown_categories_count_as_missing(container, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    frame = flights(300, 1)
    frame.loc[:9, "carrier"] = "ZZ"
    frame.to_parquet(folder / "month.parquet")

    assert main(ARGUMENTS, container(SM_CHANNEL_TRAIN=str(folder))) == 0
    assert np.isfinite(predictions(tmp_path / "job")).all()
    assert isinstance(pd.read_parquet(folder).carrier[0], str)
