import pytest

from pipelines.errors import UsageError
from pipelines.parameters import parse_assignments, pipeline_parameters
from pipelines.resources import Resources
from pipelines.settings import Settings

KNOWN = pipeline_parameters(Resources.example(), Settings())


def test_assignments_become_values():
    assert parse_assignments(["MinAuc=0.75", "RawDataUri=s3://mine/raw=1"], KNOWN) == {
        "MinAuc": "0.75",
        "RawDataUri": "s3://mine/raw=1",
    }


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(UsageError, match="no parameter 'MinAUC'") as caught:
        parse_assignments(["MinAUC=0.7"], KNOWN)

    assert caught.value.hint == "did you mean MinAuc?"


def test_an_unlike_name_is_answered_with_all_names():
    with pytest.raises(UsageError) as caught:
        parse_assignments(["zzz=1"], KNOWN)

    assert "RawDataUri, DataVersion" in caught.value.hint


def test_a_text_without_equals_is_refused():
    with pytest.raises(UsageError, match="'MinAuc' is no parameter"):
        parse_assignments(["MinAuc"], KNOWN)


def test_a_number_is_a_number():
    with pytest.raises(UsageError, match="MinAuc: 'high' is not a number"):
        parse_assignments(["MinAuc=high"], KNOWN)


def test_a_choice_is_one_of_the_choices():
    with pytest.raises(UsageError, match="'Maybe' is none of PendingManualApproval, Approved, Rejected"):
        parse_assignments(["ModelApprovalStatus=Maybe"], KNOWN)


def test_parameters_are_those_of_the_definition(definition):
    declared = {item["Name"]: item["Type"] for item in definition["Parameters"]}

    assert {parameter.name: parameter.type for parameter in KNOWN} == declared


def test_a_model_waits_for_approval_unless_told_otherwise():
    (status,) = (parameter.default for parameter in KNOWN if parameter.name == "ModelApprovalStatus")

    assert status == "PendingManualApproval"


@pytest.mark.parametrize("text", ["nan", "inf", "many"])
def test_a_limit_that_is_no_finite_number_is_refused(text):
    with pytest.raises(UsageError, match="is not a number"):
        parse_assignments([f"MinAuc={text}"], KNOWN)
