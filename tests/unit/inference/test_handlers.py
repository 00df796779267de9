"""The serving functions: formats, order, answers, settings of the model."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xgboost as xgb

from inference.errors import ModelError
from inference.handlers import model_fn, transform_fn
from tests.prepared_data import SPEC, flights

ROWS = flights(40, seed=3)
FEW = ROWS.head(5)
NAMES = list(SPEC.names)
SHUFFLED = ["carrier", "origin", "wind", "hour", "delay_mean"]


def objects(frame):
    return json.loads(frame[NAMES].to_json(orient="records", double_precision=15))


def bodies(frame):
    lines = "\n".join(json.dumps(row) for row in objects(frame)) + "\n"
    return {
        "csv": ("text/csv", frame[NAMES].to_csv(index=False, header=False)),
        "csv with byte order mark": (
            "text/csv; charset=utf-8",
            b"\xef\xbb\xbf" + frame[NAMES].to_csv(index=False).encode(),
        ),
        "csv in another order": ("text/csv", frame[SHUFFLED].to_csv(index=False)),
        "csv with quotes": ("text/csv", frame[NAMES].to_csv(index=False, header=False, quoting=2)),
        "csv of Windows": ("text/csv", frame[NAMES].to_csv(index=False, lineterminator="\r\n")),
        "csv with blanks": ("text/csv", frame[NAMES].to_csv(index=False, header=False).replace(",", " , ")),
        "instances": ("application/json", json.dumps({"instances": objects(frame)})),
        "list": ("application/json", json.dumps(objects(frame)).encode()),
        "lines": ("application/jsonlines", lines),
        "parquet": ("application/x-parquet", frame[SHUFFLED].to_parquet(index=False)),
        "parquet with an index": ("application/x-parquet", frame[NAMES].set_index(frame.index + 7).to_parquet()),
    }


def expected(model_dir, frame):
    booster = xgb.Booster(model_file=model_dir / "model.ubj")
    return booster.predict(xgb.DMatrix(SPEC.encode(frame), enable_categorical=True))


def predictions(model, body, content_type):
    text, _ = transform_fn(model, body, content_type, "application/json")
    return json.loads(text)["predictions"]


@pytest.mark.parametrize("frame", [FEW, ROWS], ids=["few rows", "many rows"])
@pytest.mark.parametrize("form", bodies(FEW))
def test_every_format_gives_exactly_the_models_probabilities(model, model_dir, frame, form):
    content_type, body = bodies(frame)[form]

    answers = predictions(model, body, content_type)

    assert np.float32([each["probability"] for each in answers]).tolist() == expected(model_dir, frame).tolist()


def test_an_answer_holds_probability_label_and_version(model):
    late = {"delay_mean": 90, "wind": 28, "hour": 18, "carrier": "B6"}
    early = {"delay_mean": 0, "wind": 1, "hour": 18, "carrier": "AA"}

    answers = predictions(model, json.dumps([late, early]), "application/json")

    assert [each["label"] for each in answers] == [1, 0]
    assert answers[0].keys() == {"probability", "label", "model_version"}
    assert {each["model_version"] for each in answers} == {"7"}


def test_answers_come_in_the_accepted_form(model, model_dir):
    body = json.dumps(objects(FEW))
    first = f"{expected(model_dir, FEW)[0]:.9g}"

    lines, kind = transform_fn(model, body, "application/json", "application/jsonlines")
    table, _ = transform_fn(model, body, "application/json", "text/csv")

    assert kind == "application/jsonlines"
    assert [json.loads(line)["model_version"] for line in lines.splitlines()] == ["7"] * 5
    assert table.splitlines()[0] == f"{first},{int(float(first) >= 0.3)},7"


def test_values_may_be_missing_where_the_specification_allows(model):
    asked = ('{"hour": 9, "carrier": null}', "application/json")

    assert predictions(model, *asked) == predictions(model, "delay_mean,wind,hour,carrier\nNA,,9,", "text/csv")


def test_a_category_that_training_never_saw_counts_as_missing(model):
    new, missing = (
        predictions(model, f'{{"hour": 9, "carrier": {code}}}', "application/json") for code in ('"ZZ"', "null")
    )

    assert new == missing


def test_metadata_and_label_may_come_along(model):
    bare = {"hour": 9, "delay_mean": 4}

    full = bare | {"flight_id": "2013-12-01-B6-0007-JFK-0900", "label": 1}

    assert predictions(model, json.dumps(full), "application/json") == predictions(
        model, json.dumps(bare), "application/json"
    )


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


def test_a_model_that_gives_other_numbers_than_at_training_is_not_served(model_dir, tmp_path):
    for name in ("model.ubj", "feature_spec.json"):
        (tmp_path / name).write_bytes((model_dir / name).read_bytes())
    rows = np.load(model_dir / "parity_rows.npy")
    rows[3, -1] += 0.01
    np.save(tmp_path / "parity_rows.npy", rows)

    with pytest.raises(ModelError, match=r"differ by 0\.01 from the training job's"):
        model_fn(str(tmp_path), {})


def test_an_archive_without_stored_rows_is_checked_on_made_ones(model_dir, tmp_path):
    for name in ("model.ubj", "feature_spec.json"):
        (tmp_path / name).write_bytes((model_dir / name).read_bytes())

    assert model_fn(str(tmp_path), {}).engine.name


def test_the_archives_own_code_serves_without_the_repository(model_dir, tmp_path):
    program = (
        "import serve, sys; model = serve.model_fn(sys.argv[1]); "
        "print(serve.transform_fn(model, '1,2,9,AA', 'text/csv', 'text/csv')[0]); "
        "print(serve.transform_fn(model, '1,2', 'text/csv', 'text/csv').status_code); "
        "assert not {'uvloop', 'httptools', 'boto3'} & set(sys.modules)"
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
    probability, status = result.stdout.split()

    assert 0 < float(probability.split(",")[0]) < 1
    assert status == "400"
