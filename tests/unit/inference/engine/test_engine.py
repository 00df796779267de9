import logging
import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest
import xgboost as xgb

from inference.engine import engine as choice
from inference.engine import open_engine
from inference.engine.forest import UnsupportedModelError, read_forest
from inference.engine.kernel_store import CompilationError, compile_kernels, is_compiled, kernel_folder
from tests.unit.inference.engine.conftest import make_rows, train


def small(**parameters):
    rows = make_rows(400, seed=1)
    labels = np.arange(400) % int(parameters.get("num_class", 2))
    return xgb.train({"nthread": 1} | parameters, xgb.DMatrix(rows, labels, nthread=1), 2)


def test_the_compiled_engine_is_chosen_where_its_loops_are_ready(booster, kernels, caplog):
    with caplog.at_level(logging.INFO):
        engine = open_engine(booster, None, make_rows(64, seed=2))

    assert engine.name == "compiled"
    assert [record.message.split(",")[0] for record in caplog.records] == ["engine: compiled"]


def test_xgboost_answers_until_the_loops_are_compiled(booster, kernels, monkeypatch):
    compiling = threading.Event()
    monkeypatch.setattr(choice, "is_compiled", lambda _folder: False)
    monkeypatch.setattr(choice, "compile_kernels", lambda _folder: compiling.wait(30))
    rows = make_rows(64, seed=2)
    engine = open_engine(booster, None, rows)
    at_first = engine.name, engine.predict(rows)
    compiling.set()

    assert engine.wait(30)
    assert (at_first[0], engine.name) == ("xgboost", "compiled")
    assert np.abs(at_first[1] - engine.predict(rows)).max() <= 1e-6


def test_a_process_forked_while_the_loops_compile_switches_as_well(booster, kernels, monkeypatch):
    compiling = multiprocessing.get_context("fork").Event()
    monkeypatch.setattr(choice, "is_compiled", lambda _folder: False)
    monkeypatch.setattr(choice, "compile_kernels", lambda _folder: compiling.wait(30))
    rows = make_rows(64, seed=2)
    engine = open_engine(booster, None, rows)

    def child():
        engine.predict(rows)
        sys.exit(0 if engine.wait(30) and engine.name == "compiled" else 1)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    compiling.set()
    process.join(30)
    assert process.exitcode == 0


def test_the_environment_can_keep_to_xgboost(booster, kernels):
    assert open_engine(booster, None, make_rows(9, seed=2), {"MODEL_ENGINE": "xgboost"}).name == "xgboost"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"objective": "binary:logistic", "booster": "dart"}, "booster is 'dart'"),
        ({"objective": "binary:logistic", "booster": "gblinear"}, "booster is 'gblinear'"),
        ({"objective": "multi:softprob", "num_class": 3}, "objective is 'multi:softprob'"),
        ({"objective": "reg:squarederror"}, "objective is 'reg:squarederror'"),
        ({"objective": "binary:logistic", "max_depth": 0, "grow_policy": "lossguide"}, "levels"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_model_of_another_kind_is_left_to_xgboost_and_the_log_says_why(
    parameters, reason, kernels, caplog, monkeypatch
):
    monkeypatch.setattr("inference.engine.forest.MAX_DEPTH", 4)
    booster = small(**parameters)

    engine = open_engine(booster, None, make_rows(64, seed=2))

    assert engine.name == "xgboost"
    (record,) = caplog.records
    assert reason in record.message


def test_an_engine_that_disagrees_is_not_used(booster, kernels, caplog, monkeypatch):
    def wrong(booster):
        forest = read_forest(booster)
        forest.leaves[3] += 1e-4
        return forest

    monkeypatch.setattr(choice, "read_forest", wrong)
    engine = open_engine(booster, None, make_rows(64, seed=2))

    assert engine.name == "xgboost"
    assert "differs from XGBoost by" in caplog.text


def test_a_model_without_trees_is_refused():
    with pytest.raises(UnsupportedModelError, match="no trees"):
        read_forest(train(0))


@pytest.mark.parametrize("written", [b"{}", b"[]", b"no JSON", b'{"learner": {"objective": 1}}'])
def test_a_model_written_otherwise_is_refused(written):
    class Booster:
        def save_raw(self, _format):
            return written

    with pytest.raises(UnsupportedModelError, match=r"not what XGBoost 3\.2 writes"):
        read_forest(Booster())


def test_without_numba_xgboost_answers(booster, caplog, monkeypatch):
    def missing(_name):
        raise choice.CompilationError("numba is not installed")

    monkeypatch.setattr(choice, "kernel_folder", missing)

    assert open_engine(booster, None, make_rows(9, seed=2)).name == "xgboost"
    assert "numba is not installed" in caplog.text


def test_a_folder_of_another_user_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    with pytest.raises(CompilationError, match="NUMBA_CACHE_DIR"):
        kernel_folder({"HOME": str(tmp_path)})


@pytest.mark.slow
def test_the_command_compiles_ahead(tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin"}
    subprocess.run([sys.executable, "-m", "inference.engine"], env=environment, check=True, capture_output=True)

    assert is_compiled(kernel_folder(environment))


def test_a_failed_compilation_says_why(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text("raise ValueError('no such instruction')")
    monkeypatch.setattr("inference.engine.kernel_store._SOURCES", [broken])

    with pytest.raises(CompilationError, match="no such instruction"):
        compile_kernels(tmp_path)
    assert not is_compiled(tmp_path)
