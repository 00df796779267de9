"""The serving functions: formats, order, answers, errors."""

import json
import os
import subprocess
import sys

import pytest
import xgboost as xgb

from inference.errors import ContentTypeError, InferenceError, ModelError, PayloadError
from inference.handlers import input_fn, model_fn, output_fn, predict_fn
from tests.prepared_data import SPEC, flights

ROWS = flights(5, seed=3)


def answer(model, body, content_type, accept="application/json"):
    text, _ = output_fn(predict_fn(input_fn(body, content_type), model), accept)
    return text


def objects(frame=ROWS):
    return json.loads(frame[list(SPEC.names)].to_json(orient="records"))


@pytest.fixture
def expected(model):
    scores = model.booster.predict(xgb.DMatrix(SPEC.encode(ROWS), enable_categorical=True))
    return [round(float(score), 6) for score in scores]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", ROWS[list(SPEC.names)].to_csv(index=False, header=False)),
        ("text/csv; charset=utf-8", ROWS[list(SPEC.names)].to_csv(index=False).encode()),
        ("text/csv", ROWS[["carrier", "origin", "wind", "hour", "delay_mean"]].to_csv(index=False)),
        ("application/json", json.dumps({"instances": objects()})),
        ("application/json", json.dumps(objects())),
        ("application/jsonlines", "\n".join(json.dumps(row) for row in objects()) + "\n"),
    ],
)
def test_every_format_gives_the_models_probabilities(model, expected, content_type, body):
    predictions = json.loads(answer(model, body, content_type))["predictions"]

    assert [each["probability"] for each in predictions] == expected


def test_an_answer_holds_probability_label_and_version(model):
    late = {"delay_mean": 90, "wind": 28, "hour": 18, "carrier": "B6"}
    early = {"delay_mean": 0, "wind": 1, "hour": 18, "carrier": "AA"}

    predictions = json.loads(answer(model, json.dumps([late, early]), "application/json"))["predictions"]

    assert [each["label"] for each in predictions] == [1, 0]
    assert predictions[0].keys() == {"probability", "label", "model_version"}
    assert {each["model_version"] for each in predictions} == {"7"}


def test_answers_come_in_the_accepted_form(model, expected):
    body = json.dumps(objects())

    lines = answer(model, body, "application/json", "application/jsonlines").splitlines()
    table = answer(model, body, "application/json", "text/csv").splitlines()

    assert [json.loads(line)["probability"] for line in lines] == expected
    assert table[0] == f"{expected[0]},{int(expected[0] >= 0.3)},7"
    assert output_fn([], "*/*")[1] == "application/json"


def test_values_may_be_missing_where_the_specification_allows(model):
    body = '{"hour": 9, "carrier": null}'

    assert answer(model, body, "application/json") == answer(model, "delay_mean,wind,hour,carrier\n,,9,", "text/csv")


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("text/csv", "1,2,9,AA\n1,2,9", "row 1: 3 values; the feature specification"),
        ("text/csv", "wind,hour,carrier\n1,9,AA", "'delay_mean' is missing"),
        ("text/csv", "delay_mean,wind,hour,carrier\n", "a header and no row"),
        ("text/csv", "1,2,9,AA\n1,strong,9,AA", "'wind', row 1: 'strong' is not a number; allowed is a finite number"),
        ("text/csv", "1,2,,AA", "'hour', row 0: "),
        ("text/csv", "  ", "the body is empty"),
        ("text/csv", b"\xff\xfe1", "not UTF-8"),
        ("application/json", "{", "the body is not JSON"),
        ("application/json", "[]", "holds no row"),
        ("application/json", "[1]", "row 0: 1 is not an object"),
        ("application/json", '{"hour": 9, "winds": 3}', "row 0: 'winds' is no feature; did you mean 'wind'?"),
        ("application/json", '{"flight_id": "x"}', "row 0: names no feature"),
        (
            "application/json",
            '{"hour": 9, "carrier": 5}',
            "'carrier', row 0: 5 is not text; allowed is text or missing",
        ),
        ("application/json", '{"hour": 1e999}', "is not a finite number"),
        ("application/jsonlines", '{"hour": 9}\n{', "row 1 is not JSON"),
    ],
)
def test_an_unfit_body_is_refused_with_row_column_value_and_what_is_allowed(model, content_type, body, reason):
    with pytest.raises(PayloadError) as caught:
        answer(model, body, content_type)

    assert reason in str(caught.value)


def test_unknown_content_types_are_refused(model):
    with pytest.raises(ContentTypeError, match="Content-Type is 'text/html'; allowed are text/csv, application/json"):
        answer(model, "1", "text/html")
    with pytest.raises(InferenceError, match="Accept is 'image/png'"):
        output_fn([], "image/png")


def test_without_a_registered_threshold_costs_decide(model_dir):
    served = model_fn(str(model_dir), {})

    assert served.threshold == pytest.approx(1 / 6)
    assert served.version == "unregistered"


@pytest.mark.parametrize("threshold", ["2", "-0.1", "nan", "half"])
def test_a_threshold_that_is_no_probability_keeps_the_server_from_starting(model_dir, threshold):
    with pytest.raises(ModelError, match="DECISION_THRESHOLD is"):
        model_fn(str(model_dir), {"DECISION_THRESHOLD": threshold})


def test_a_folder_without_a_model_keeps_the_server_from_starting(tmp_path):
    with pytest.raises(ModelError, match="cannot be served"):
        model_fn(str(tmp_path), {})


def test_the_archives_own_code_serves_without_the_repository(model_dir, tmp_path):
    program = (
        "import serve, sys; model = serve.model_fn(sys.argv[1]); "
        "rows = serve.input_fn('1,2,9,AA', 'text/csv'); "
        "print(serve.output_fn(serve.predict_fn(rows, model), 'text/csv')[0])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(model_dir)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(model_dir / "code"), "PATH": os.defpath, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert 0 < float(result.stdout.split(",")[0]) < 1
