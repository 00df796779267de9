"""What SageMaker refuses, the local AWS refuses too."""

import re

import pytest

from local_aws.errors import NotSimulatedError, ValidationError
from local_aws.tuning.first_party import is_xgboost_image
from local_aws.tuning.plan import build_plan
from local_aws.tuning.validation import check_request
from tests.unit.local_aws.tuning.requests import ACCOUNT, OWN_IMAGE, REQUEST, XGBOOST, own_algorithm, tuning_request

CONFIG = "HyperParameterTuningJobConfig."
RANGES = CONFIG + "ParameterRanges"
OBJECTIVE = CONFIG + "HyperParameterTuningJobObjective"


def continuous(low, high, scale="Auto", name="eta"):
    r = {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scale}
    return {RANGES: {"ContinuousParameterRanges": [r]}}


def integer(low, high, scale="Auto"):
    r = {"Name": "max_depth", "MinValue": low, "MaxValue": high, "ScalingType": scale}
    return {RANGES: {"IntegerParameterRanges": [r]}}


def test_a_request_in_order_passes():
    assert [d.image for d in check_request(REQUEST, ACCOUNT)] == [XGBOOST]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (continuous("0.5", "0.5"), "MinValue [0.5] of the hyperparameter [eta] must be less than its MaxValue"),
        (continuous("1", "0.1"), "must be less than its MaxValue [0.1]"),
        (continuous("low", "1"), "MinValue [low] of the hyperparameter [eta] is not a number"),
        (continuous("nan", "1"), "is not a number"),
        (continuous("0", "1", "Logarithmic"), "Logarithmic scaling of the hyperparameter [eta] works only for ranges"),
        (continuous("0.1", "1", "ReverseLogarithmic"), "entirely within the range 0<=x<1.0"),
        (continuous("-0.1", "0.5", "ReverseLogarithmic"), "entirely within the range 0<=x<1.0"),
        (integer("1.5", "3"), "MinValue [1.5] of the hyperparameter [max_depth] is not an integer"),
        (integer("0", "9", "Logarithmic"), "values greater than 0"),
        (integer("1", "9", "ReverseLogarithmic"), "works only for continuous ranges"),
        ({RANGES: {}}, "at least one hyperparameter"),
        (
            {RANGES: {"CategoricalParameterRanges": [{"Name": f"p{n}", "Values": ["a"]} for n in range(31)]}},
            "hyperparameters to tune, [31], exceeds the limit of 30",
        ),
        ({RANGES: {"CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "a"]}]}}, "must be unique"),
        (
            {RANGES: {"CategoricalParameterRanges": [{"Name": "c", "Values": ["a"]}, {"Name": "c", "Values": ["b"]}]}},
            "Duplicate names: [c]",
        ),
        ({"TrainingJobDefinition.StaticHyperParameters": {"eta": "0.1"}}, "[eta] are both static and tunable"),
        ({OBJECTIVE: None}, "HyperParameterTuningJobObjective is missing"),
        ({"TrainingJobDefinition": None}, "either TrainingJobDefinition or TrainingJobDefinitions"),
        ({CONFIG + "ResourceLimits.MaxParallelTrainingJobs": 7}, "can't be greater than MaxNumberOfTrainingJobs [6]"),
        ({CONFIG + "ResourceLimits": {"MaxParallelTrainingJobs": 1}}, "has no end"),
        ({CONFIG + "Strategy": "Grid"}, "only supports categorical"),
        (
            {CONFIG + "StrategyConfig": {"HyperbandStrategyConfig": {"MaxResource": 9}}},
            "only supported for the Hyperband",
        ),
        (
            {CONFIG + "Strategy": "Hyperband", CONFIG + "TrainingJobEarlyStoppingType": "Auto"},
            "must be Off to use the Hyperband strategy",
        ),
    ],
)
def test_a_request_out_of_order_is_refused(changes, message):
    with pytest.raises(ValidationError, match=re.escape(message)):
        check_request(tuning_request(**changes), ACCOUNT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({OBJECTIVE + ".MetricName": "auc"}, "[auc], isn't valid for the [683313688378.dkr"),
        ({OBJECTIVE + ".MetricName": "train:auc"}, "isn't valid"),
        ({OBJECTIVE + ".Type": "Minimize"}, "The objective metric type, [Minimize], that you specified"),
        (
            own_algorithm() | {"TrainingJobDefinition.AlgorithmSpecification.TrainingImage": XGBOOST},
            "can't override the metric",
        ),
        (continuous("0", "1", name="dropout"), "untunable hyperparameters: [dropout]"),
        (continuous("0", "1", name="scale_pos_weight"), "you can tune only [alpha, colsample_bylevel"),
    ],
)
def test_the_xgboost_image_is_checked_as_the_built_in_algorithm(changes, message):
    with pytest.raises(ValidationError, match=re.escape(message)):
        check_request(tuning_request(**changes), ACCOUNT)


def test_an_image_of_ones_own_may_tune_anything_it_measures():
    check_request(tuning_request(**own_algorithm(), **continuous("0", "1", name="dropout")), ACCOUNT)


def test_a_copy_of_the_xgboost_image_in_ones_own_registry_is_ones_own():
    copy = XGBOOST.replace("683313688378", ACCOUNT)
    algorithm = own_algorithm() | {"TrainingJobDefinition.AlgorithmSpecification.TrainingImage": copy}

    check_request(tuning_request(**algorithm, **continuous("0", "1", name="dropout")), ACCOUNT)


def test_an_image_of_ones_own_must_define_its_objective():
    with pytest.raises(ValidationError, match="Provide a metric in the metric definitions"):
        check_request(tuning_request(**own_algorithm(metrics=["validation:f1"])), ACCOUNT)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (XGBOOST, True),
        (OWN_IMAGE, False),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/sagemaker-xgboost:3.2-0", False),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", True),
    ],
)
def test_first_party_images_are_told_by_their_repository(image, expected):
    assert is_xgboost_image(image) is expected


GRID = {
    CONFIG + "Strategy": "Grid",
    RANGES: {
        "CategoricalParameterRanges": [{"Name": "booster", "Values": ["a", "b"]}, {"Name": "c", "Values": ["1", "2"]}]
    },
}


def test_a_grid_has_as_many_trials_as_combinations():
    request = tuning_request(**own_algorithm(), **GRID, **{CONFIG + "ResourceLimits": {"MaxParallelTrainingJobs": 1}})

    assert build_plan(request, check_request(request, ACCOUNT), []).max_trials == 4


def test_a_grid_of_another_size_is_refused():
    with pytest.raises(
        ValidationError, match=re.escape("[6] must equal the number of distinct categorical combinations [4]")
    ):
        check_request(tuning_request(**own_algorithm(), **GRID), ACCOUNT)


@pytest.mark.parametrize(
    "changes", [{"Autotune": {"Mode": "Enabled"}}, {RANGES: {"AutoParameters": [{"Name": "eta", "ValueHint": "0.1"}]}}]
)
def test_autotune_is_declined_openly(changes):
    with pytest.raises(NotSimulatedError, match="not simulated"):
        check_request(tuning_request(**changes), ACCOUNT)


def test_hyperband_takes_its_maximum_from_the_number_of_rounds():
    request = tuning_request(**{CONFIG + "Strategy": "Hyperband"})

    assert build_plan(request, check_request(request, ACCOUNT), []).rule.max_resource == 100


def test_hyperband_without_any_maximum_is_refused():
    request = tuning_request(**{CONFIG + "Strategy": "Hyperband", "TrainingJobDefinition.StaticHyperParameters": {}})

    with pytest.raises(ValidationError, match="MaxResource of HyperbandStrategyConfig is missing"):
        build_plan(request, check_request(request, ACCOUNT), [])


def several(**objective):
    config = REQUEST["HyperParameterTuningJobConfig"]
    body = REQUEST["TrainingJobDefinition"] | {"HyperParameterRanges": config["ParameterRanges"]}
    first = config["HyperParameterTuningJobObjective"]
    return {
        RANGES: None,
        OBJECTIVE: None,
        "TrainingJobDefinition": None,
        "TrainingJobDefinitions": [
            body | {"DefinitionName": "a", "TuningObjective": first},
            body | {"DefinitionName": "b", "TuningObjective": first | objective},
        ],
    }


def test_several_algorithms_each_have_their_ranges_and_objective():
    request = tuning_request(**several(MetricName="validation:f1"))

    plan = build_plan(request, check_request(request, ACCOUNT), [])

    assert len(plan.algorithms) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"TrainingJobDefinitions": [{"DefinitionName": "a"}, {"DefinitionName": "a"}]}, "unique DefinitionName"),
        ({RANGES: {"CategoricalParameterRanges": []}}, "can't be used with TrainingJobDefinitions"),
    ],
)
def test_definitions_must_be_complete_and_distinct(change, message):
    with pytest.raises(ValidationError, match=message):
        check_request(tuning_request(**several() | change), ACCOUNT)


def test_several_algorithms_must_optimise_in_one_direction():
    with pytest.raises(ValidationError, match="same Type"):
        check_request(tuning_request(**several(Type="Minimize", MetricName="validation:logloss")), ACCOUNT)
