"""The `train` command in XGBoost's algorithm mode."""

import re

import numpy as np
import pandas as pd
import pytest
import xgboost

from local_aws.containers.toolkit.errors import ClientError
from local_aws.containers.toolkit.xgboost_algorithm import hyperparameters

ROWS = np.random.default_rng(7).normal(size=(200, 4)).astype(np.float32)
LABEL = (ROWS[:, 0] + ROWS[:, 1] > 0).astype(int)
BASE = {"num_round": "4", "objective": "binary:logistic", "eval_metric": "auc,logloss", "max_depth": "2", "seed": "1"}


def csv() -> str:
    return pd.DataFrame(np.column_stack([LABEL, ROWS])).to_csv(header=False, index=False)


def libsvm() -> str:
    lines = (" ".join(f"{index}:{value}" for index, value in enumerate(row)) for row in ROWS)
    return "".join(f"{label} {line}\n" for label, line in zip(LABEL, lines, strict=True))


def parquet(folder) -> bytes:
    columns = [f"c{number}" for number in range(5)]
    pd.DataFrame(np.column_stack([LABEL, ROWS]), columns=columns).to_parquet(folder / "x.parquet")
    return (folder / "x.parquet").read_bytes()


def job(given=None, *, rows=None, content_type="text/csv", hosts=("algo-1",), current="algo-1"):
    rows = csv() if rows is None else rows
    channel = {"ContentType": content_type} if content_type else {}
    return {
        "input/config/hyperparameters.json": BASE if given is None else given,
        "input/config/inputdataconfig.json": {"train": channel, "validation": channel},
        "input/config/resourceconfig.json": {"current_host": current, "hosts": list(hosts)},
        "input/data/train/part-0": rows,
        "input/data/validation/part-0": rows,
    }


def model(result):
    assert result.code == 0, result.log
    booster = xgboost.Booster(model_file=bytearray((result.ml / "model/xgboost-model").read_bytes()))
    return np.round(booster.inplace_predict(ROWS), 4)


def test_it_says_first_that_it_is_a_simulation(bench):
    assert "simulation" in bench.train(job()).log.splitlines()[0]


def test_each_round_is_logged_as_the_metric_definitions_expect(bench):
    result = bench.train(job())

    lines = re.findall(
        r"^\[(\d)\]\ttrain-auc:\S+\ttrain-logloss:\S+\tvalidation-auc:\S+\tvalidation-logloss:\S+$",
        result.log,
        re.MULTILINE,
    )
    assert lines == ["0", "1", "2", "3"]


def test_csv_libsvm_and_parquet_give_one_model(bench, tmp_path):
    from_csv = model(bench.train(job()))
    from_parquet = model(bench.train(job(rows=parquet(tmp_path), content_type="application/x-parquet")))
    from_libsvm = model(bench.train(job(rows=libsvm(), content_type=None)))

    assert from_csv.tolist() == from_parquet.tolist() == from_libsvm.tolist()


def test_csv_without_a_content_type_is_read_as_libsvm_and_fails_with_a_hint(bench):
    result = bench.train(job(content_type=None))

    assert result.code == 1
    assert "no ContentType, so it is read as libsvm; CSV needs text/csv" in result.failure


def test_a_csv_header_is_refused(bench):
    result = bench.train(job(rows="label,a,b\n" + csv()))

    assert result.failure.startswith("ClientError: Failed to load csv data of /opt/ml/input/data/train/part-0")


def test_weights_are_the_second_column_when_asked_for(bench):
    table = pd.DataFrame(np.column_stack([LABEL, np.ones(len(LABEL)), ROWS])).to_csv(header=False, index=False)

    weighted = bench.train(job({**BASE, "csv_weights": "1"}, rows=table))

    assert model(weighted).tolist() == model(bench.train(job())).tolist()


def test_a_tuning_objective_is_evaluated_without_being_asked_for(bench):
    given = {"num_round": "2", "objective": "binary:logistic", "_tuning_objective_metric": "validation:f1"}

    result = bench.train(job(given))

    assert re.search(r"\[1\].*validation-f1:\d", result.log)


def test_early_stopping_keeps_the_best_rounds(bench):
    given = {**BASE, "num_round": "60", "early_stopping_rounds": "2", "eval_metric": "auc", "eta": "1"}

    result = bench.train(job(given))

    booster = xgboost.Booster(model_file=bytearray((result.ml / "model/xgboost-model").read_bytes()))
    assert booster.num_boosted_rounds() == int(booster.attr("best_iteration")) + 1 < 60


def test_a_training_resumes_from_its_checkpoint(bench):
    whole = bench.train({**job({**BASE, "num_round": "6"}), "checkpoints/.keep": ""})
    checkpoint = whole.ml / "checkpoints/xgboost-checkpoint.3"

    resumed = bench.train(
        {**job({**BASE, "num_round": "6"}), "checkpoints/xgboost-checkpoint.3": checkpoint.read_bytes()}
    )

    assert "Resuming from iteration 4" in resumed.log
    assert model(resumed).tolist() == model(whole).tolist()
    assert len(list((whole.ml / "checkpoints").glob("xgboost-checkpoint.*"))) == 5


@pytest.mark.parametrize("sandbox", ["bench", "remap_bench"])
def test_two_hosts_train_one_model(request, sandbox):
    bench = request.getfixturevalue(sandbox)
    lines = csv().splitlines(keepends=True)
    specs = []
    for host, part in (("algo-1", lines[:100]), ("algo-2", lines[100:])):
        files = job(rows="".join(part), hosts=("algo-1", "algo-2"), current=host)
        environment = {"TRAINING_JOB_NAME": sandbox}
        specs.append(bench.spec(bench.new_root(files), "train", host=host, environment=environment, cpus=1))

    result = bench.run(*specs, isolated=sandbox == "bench")

    assert result.codes == (0, 0), result.logs
    assert (result.roots[0] / "opt/ml/model/xgboost-model").exists()
    assert not (result.roots[1] / "opt/ml/model/xgboost-model").exists()
    assert np.corrcoef(model(result), LABEL)[0, 1] > 0.7


def test_a_host_without_data_takes_no_part(bench):
    specs = []
    for host, rows in (("algo-1", csv()), ("algo-2", "")):
        files = job(rows=rows, hosts=("algo-1", "algo-2"), current=host)
        specs.append(bench.spec(bench.new_root(files), "train", host=host, cpus=1))

    result = bench.run(*specs, isolated=True)

    assert result.codes == (0, 0), result.logs
    assert "host algo-2 has no data in some channel" in result.logs[1]


def test_a_missing_train_channel_is_named(bench):
    result = bench.train({"input/config/hyperparameters.json": BASE})

    assert result.failure == "ClientError: the channel train is required; this job has []"


def test_a_bad_hyperparameter_is_the_failure(bench):
    result = bench.train(job({**BASE, "max_depht": "3"}))

    assert result.code == 1
    assert result.failure == "ClientError: Extraneous hyperparameter found: max_depht; did you mean max_depth?"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_round": "ten"}, "Hyperparameter num_round: value 'ten' is not allowed; use an integer from 1"),
        ({"eta": "1.5"}, "Hyperparameter eta: value '1.5' is not allowed; use a number from 0 to 1"),
        ({"objective": "binary"}, "Hyperparameter objective: value 'binary' is not allowed; use one of "),
        ({"eval_metric": "auc,nonsense"}, "Hyperparameter eval_metric: value 'auc,nonsense' is not allowed"),
        ({"objective": "multi:softmax"}, "num_class is required for objective multi:softmax"),
        ({"_kfold": "3"}, "Hyperparameter _kfold is not simulated"),
    ],
)
def test_hyperparameters_out_of_range_are_named(given, message):
    with pytest.raises(ClientError, match=re.escape(message)):
        hyperparameters.parse({**BASE, **given})


def test_num_round_is_required():
    with pytest.raises(ClientError, match="Missing required hyperparameter: num_round"):
        hyperparameters.parse({"eta": "0.1"})
