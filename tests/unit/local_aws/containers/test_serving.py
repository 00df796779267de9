"""The `serve` command: the user's functions or a bare model behind HTTP."""

import contextlib
import io
import json
import pickle
import socket
import urllib.request

import numpy as np
import pytest
import xgboost
from sklearn.linear_model import LinearRegression

from local_aws.containers.model_client import ModelClient, ModelServerError
from local_aws.containers.spec import ContainerGroup
from local_aws.containers.toolkit.serving.predictor import InvocationError
from local_aws.containers.toolkit.serving.script import ScriptPredictor
from local_aws.containers.toolkit.serving.xgboost_model import XGBoostPredictor
from tests.unit.local_aws.containers.conftest import SKLEARN

ROWS = np.random.default_rng(3).normal(size=(60, 3)).astype(np.float32)
LABEL = (ROWS[:, 0] > 0).astype(int)


def csv(rows) -> bytes:
    buffer = io.StringIO()
    np.savetxt(buffer, rows, delimiter=",")
    return buffer.getvalue().encode()


def booster(objective="binary:logistic", **parameters):
    parameters = {"objective": objective, "base_score": 0.5, **parameters}
    return xgboost.train(parameters, xgboost.DMatrix(ROWS, LABEL), 3)


@contextlib.contextmanager
def serving(bench, files, *, isolated=True, **fields):
    spec = bench.spec(bench.new_root(files), "serve", **fields)
    group = bench.runtime.start(ContainerGroup("test", (spec,), isolated))
    client = ModelClient(spec.root)
    try:
        client.wait_until_ready(group, spec.log_path)
        yield client
    finally:
        group.stop(5)


SCRIPT = """
import json
def model_fn(model_dir):
    return open(model_dir + "/factor.txt").read()
def input_fn(body, content_type):
    return json.loads(body)
def predict_fn(data, model):
    return [float(model) * value for value in data]
def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""


@pytest.mark.parametrize("sandbox", ["bench", "remap_bench"])
def test_the_users_functions_answer_an_isolated_containers_requests(request, sandbox):
    bench = request.getfixturevalue(sandbox)
    files = {"model/factor.txt": "3", "model/code/serve.py": SCRIPT}
    environment = {"SAGEMAKER_PROGRAM": "serve.py", "PIP_NO_BUILD_ISOLATION": "0"}

    with serving(bench, files, environment=environment) as client:
        answer = client.invoke(b"[1, 2]", "application/json", "application/json")

    assert (answer.status, answer.body, answer.content_type) == (200, b"[3.0, 6.0]", "application/json")


def test_a_bare_model_answers_in_algorithm_mode(bench):
    model = booster()

    with serving(bench, {"model/xgboost-model": bytes(model.save_raw("ubj"))}) as client:
        answer = client.invoke(csv(ROWS[:2]), "text/csv")
        refused = client.invoke(b"{}", "application/json")

    expected = model.predict(xgboost.DMatrix(ROWS[:2]))
    assert answer.status == 200
    assert np.allclose(np.fromstring(answer.body.decode(), sep=","), expected)
    assert refused.status == 415


def test_a_tcp_port_is_served_where_the_environment_names_one(bench, unused_port):
    files = {"model/xgboost-model": bytes(booster().save_raw("ubj"))}
    environment = {"SAGEMAKER_BIND_TO_PORT": str(unused_port)}

    url = f"http://127.0.0.1:{unused_port}/execution-parameters"
    with serving(bench, files, isolated=False, environment=environment), urllib.request.urlopen(url) as answer:
        parameters = json.load(answer)

    assert parameters["MaxPayloadInMB"] == 6


@pytest.fixture
def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_model_that_cannot_be_loaded_is_reported_with_the_log(bench):
    message = r"(?s)container ended.*unable to load the model xgboost-model"
    files = {"model/xgboost-model": "not a model"}

    with pytest.raises(ModelServerError, match=message), serving(bench, files):
        pass


def test_pip_install_is_a_trap_for_isolated_model_servers_too(bench):
    files = {"model/factor.txt": "3", "model/code/serve.py": SCRIPT}

    environment = {"SAGEMAKER_PROGRAM": "serve.py"}

    with (
        pytest.raises(ModelServerError, match="PIP_NO_BUILD_ISOLATION=0"),
        serving(bench, files, environment=environment),
    ):
        pass


def test_the_default_functions_serve_a_scikit_learn_model(bench):
    script = "import pickle\ndef model_fn(folder): return pickle.load(open(folder + '/model.pkl', 'rb'))"
    model = LinearRegression().fit(ROWS, LABEL)
    files = {"model/model.pkl": pickle.dumps(model), "model/code/inference.py": script}

    with serving(
        bench, files, isolated=False, image=SKLEARN, environment={"SAGEMAKER_PROGRAM": "inference.py"}
    ) as client:
        answer = client.invoke(csv(ROWS[:2]), "text/csv")

    assert np.allclose(json.loads(answer.body), model.predict(ROWS[:2]), atol=1e-5)


@pytest.fixture
def predictor(tmp_path):
    def load(model, name="xgboost-model"):
        (tmp_path / name).write_bytes(model if isinstance(model, bytes) else bytes(model.save_raw("ubj")))
        return XGBoostPredictor(tmp_path)

    return load


def test_selected_outputs_of_a_classifier(predictor, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label,probability")
    served = predictor(booster())

    as_csv = served.invoke(csv(ROWS[:2]), "text/csv", "").body.decode().splitlines()
    as_json = json.loads(served.invoke(csv(ROWS[:2]), "text/csv", "application/json").body)

    probabilities = booster().predict(xgboost.DMatrix(ROWS[:2]))
    assert [float(row.split(",")[1]) for row in as_csv] == pytest.approx(probabilities)
    assert [row["predicted_label"] for row in as_json["predictions"]] == [int(p > 0.5) for p in probabilities]


def test_selected_outputs_of_many_classes(predictor, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label,labels,predicted_score")
    served = predictor(booster("multi:softprob", num_class=2, base_score=0))

    line = json.loads(served.invoke(csv(ROWS[:1]), "text/csv", "application/jsonlines").body)

    assert line["predicted_label"] == LABEL[0]
    assert line["labels"] == [0, 1]
    assert np.isnan(line["predicted_score"])


def test_libsvm_rows_may_miss_features_and_have_a_label(predictor):
    served, model = predictor(booster()), booster()
    row = np.full((1, 3), np.nan)
    row[0, 1] = 0.5

    answer = served.invoke(b"1 1:0.5\n", "text/libsvm", "")

    assert float(answer.body) == pytest.approx(model.predict(xgboost.DMatrix(row))[0])


def test_batch_transform_gets_a_line_a_row(predictor, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")

    body = predictor(booster()).invoke(csv(ROWS[:3]), "text/csv", "").body

    assert body.count(b"\n") == 3


def test_several_models_are_averaged(predictor):
    one, two = booster(), booster(max_depth=1)
    predictor(one, "one")

    answer = predictor(two, "two").invoke(csv(ROWS[:1]), "text/csv", "")

    row = xgboost.DMatrix(ROWS[:1])
    assert float(answer.body) == pytest.approx((one.predict(row)[0] + two.predict(row)[0]) / 2)


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status"),
    [
        (b"a,b,c", "text/csv", "", 415),
        (b"1,2", "text/csv", "", 400),
        (b"1,2,3", "application/json", "", 415),
        (b"1,2,3", "text/csv", "image/png", 406),
    ],
)
def test_bad_requests_are_refused_with_the_images_status(predictor, body, content_type, accept, status):
    with pytest.raises(InvocationError) as refusal:
        predictor(booster()).invoke(body, content_type, accept)

    assert refusal.value.status == status


def test_an_empty_body_has_an_empty_answer(predictor):
    assert predictor(booster()).invoke(b"\n", "text/csv", "").status == 204


class Module:
    __name__ = "serve"

    @staticmethod
    def model_fn(folder):
        return 2

    @staticmethod
    def transform_fn(model, body, content_type, accept):
        return f"{model}:{body}:{content_type}:{accept}"


def test_transform_fn_takes_a_request_whole(tmp_path):
    answer = ScriptPredictor(Module, tmp_path, "xgboost").invoke(b"1,2", "text/csv", "")

    assert answer.body == b"2:1,2:text/csv:text/csv"


def test_a_script_without_model_fn_is_refused(tmp_path):
    class Empty:
        __name__ = "serve"

    with pytest.raises(Exception, match="defines no model_fn"):
        ScriptPredictor(Empty, tmp_path, "xgboost")


def test_transform_fn_beside_other_functions_is_refused(tmp_path):
    class Mixed(Module):
        __name__ = "serve"
        input_fn = print

    with pytest.raises(Exception, match="transform_fn and also input_fn"):
        ScriptPredictor(Mixed, tmp_path, "xgboost")
