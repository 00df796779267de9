"""Metrics are read from log lines as SageMaker reads them."""

import pytest

from local_aws.errors import ValidationError
from local_aws.jobs.metrics import MetricReader, check_definitions, final_values

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def read(lines, *, image=SKLEARN, **definitions):
    reader = MetricReader([{"Name": name, "Regex": regex} for name, regex in definitions.items()], image)
    return [(point["MetricName"], point["Value"]) for point in reader.read(lines)]


def test_a_definition_takes_its_first_group():
    assert read(["loss=0.5 x", "loss=0.25 y"], loss="loss=([0-9.]+)") == [("loss", 0.5), ("loss", 0.25)]


@pytest.mark.parametrize("expression", ["#011a:(\\S+)", "\\ta:(\\S+)"])
def test_a_tab_is_matched_in_both_spellings(expression):
    assert read(["[0]#011a:1.5"], a=expression) == [("a", 1.5)]


def test_the_xgboost_image_has_its_own_metrics():
    line = "[7]#011train-auc:0.9#011validation-logloss:0.3#011validation-strange:1"

    assert read([line], image=XGBOOST) == [("train:auc", 0.9), ("validation:logloss", 0.3)]
    assert read([line]) == []


@pytest.mark.parametrize("text", ["nan", "inf", "high"])
def test_what_is_no_number_is_left_out(text):
    assert read([f"m={text}"], m="m=(\\S+)") == []


def test_the_last_value_is_the_final_one():
    points = [{"MetricName": "a", "Value": 1.0}, {"MetricName": "b", "Value": 2.0}, {"MetricName": "a", "Value": 3.0}]

    assert final_values(points) == {"a": 3.0, "b": 2.0}


def test_a_wrong_expression_is_refused():
    with pytest.raises(ValidationError, match="metric 'm' is not valid"):
        check_definitions([{"Name": "m", "Regex": "("}])
