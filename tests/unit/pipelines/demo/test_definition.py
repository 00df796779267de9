import json
from pathlib import Path

import pytest

from pipelines.checks import check_definition
from pipelines.demo.definition import DemoModel, demo_definition

GOLDEN = Path(__file__).parents[1] / "golden" / "definition.json"
SPLITS = ("train", "validation", "test", "production", "specification", "baseline", "report", "rejected")
OUTPUTS = {name: f"s3://curated/x/{name}" for name in SPLITS}


@pytest.fixture(scope="module")
def demo():
    models = [DemoModel("First", {"eta": "0.3"}, {"train": "s3://curated/first"}), DemoModel("Second", {}, {})]
    return json.loads(demo_definition(GOLDEN.read_text(), OUTPUTS, models))


def step(demo, name):
    return next(step for step in demo["Steps"] if step["Name"] == name)


def test_every_check_of_the_training_pipeline_passes_but_that_of_one_evaluation(demo):
    faults = {str(finding).split("]")[0] for finding in check_definition(json.dumps(demo))}

    assert faults == {"[own-role"}


def test_each_model_has_its_chain_and_versions_follow_the_order(demo):
    kinds = ("Train", "Evaluate", "RegisterModel")
    assert [step["Name"] for step in demo["Steps"]] == [
        f"{kind}{name}" for name in ("First", "Second") for kind in kinds
    ]
    assert step(demo, "RegisterModelSecond")["DependsOn"] == ["RegisterModelFirst"]


def test_a_model_is_trained_on_its_own_data_without_a_search(demo):
    training = step(demo, "TrainFirst")["Arguments"]

    uris = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in training["InputDataConfig"]
    }
    assert uris["train"] == "s3://curated/first"
    assert uris["validation"] == "s3://curated/x/validation"
    assert "tuned" not in uris
    assert training["HyperParameters"]["eta"] == "0.3"
    assert "num_seeds" not in training["HyperParameters"]


def test_evaluations_do_not_overwrite_each_other(demo):
    places = [
        json.dumps(step(demo, f"Evaluate{name}")["Arguments"]["ProcessingOutputConfig"]) for name in ("First", "Second")
    ]
    assert places[0] != places[1]
