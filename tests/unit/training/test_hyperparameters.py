"""Hyperparameters and settings: what is read, what is refused."""

import pytest

from training.errors import HyperparameterError, SettingsError
from training.hyperparameters import parse
from training.settings import Settings


def test_text_becomes_typed_values_and_defaults_fill_the_rest():
    plan = parse({"eta": "0.2", "max_depth": "5", "num_round": "70", "lambda": "3"})

    assert (plan.booster["eta"], plan.booster["max_depth"], plan.booster["lambda"], plan.num_round) == (0.2, 5, 3.0, 70)
    assert plan.booster["objective"] == "binary:logistic"


def test_a_plan_reads_back_what_it_wrote():
    plan = parse({"eta": "0.2", "eval_metric": "logloss,auc", "seed": "4", "num_seeds": "3"})

    assert parse(plan.to_dict()) == plan


@pytest.mark.parametrize(
    ("metrics", "decides"), [("auc,logloss", "logloss"), ("logloss,auc", "logloss"), ("auc", "auc")]
)
def test_log_loss_decides_early_stopping_wherever_it_is_scored(metrics, decides):
    assert parse({"eval_metric": metrics}).stopping_metric == decides


def test_members_differ_by_seed_only():
    members = parse({"seed": "5", "num_seeds": "3"}).members()

    assert [member.seed for member in members] == [5, 6, 7]
    assert {member.num_seeds for member in members} == {1}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("eta", "2", "'eta' is '2'; allowed is a number from 0 to 1"),
        ("eta", "nan", "'eta' is 'nan'"),
        ("max_depth", "3.5", "'max_depth' is '3.5'; allowed is a whole number"),
        ("objective", "reg:squarederror", "allowed is binary:logistic"),
        ("max_dept", "3", "'max_dept' is unknown; did you mean 'max_depth'?"),
        ("eval_metric", "logloss,rmse", "'eval_metric' is 'logloss,rmse'; allowed are"),
    ],
)
def test_wrong_hyperparameters_are_refused_by_name_value_and_range(name, value, reason):
    with pytest.raises(HyperparameterError) as caught:
        parse({name: value})

    assert reason in str(caught.value)


def test_settings_read_both_forms_of_arguments_and_skip_the_platforms_own():
    arguments = ["--eta", "0.1", "--max_depth=4", "--sagemaker_region", "eu-west-1", "--_tuning_objective_metric", "x"]

    settings = Settings.parse(arguments, {"SM_NUM_CPUS": "1"})

    assert settings.explicit == {"eta": "0.1", "max_depth": "4"}
    assert settings.threads == 1


def test_sharded_channels_are_read_as_they_come():
    config = '{"train": {"S3DistributionType": "ShardedByS3Key"}}'

    assert not Settings.parse([], {"SM_INPUT_DATA_CONFIG": config}).replicated
    assert Settings.parse([], {}).replicated


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["--eta"], {}, "argument '--eta' is not understood"),
        (["eta", "1"], {}, "argument 'eta' is not understood"),
        ([], {"SM_HOSTS": "algo-1"}, "SM_HOSTS is 'algo-1'; expected a JSON list"),
        ([], {"SM_CURRENT_HOST": "algo-9"}, "SM_CURRENT_HOST is 'algo-9'; allowed is one of"),
    ],
)
def test_an_unusable_start_is_refused(arguments, environment, reason):
    with pytest.raises(SettingsError) as caught:
        Settings.parse(arguments, environment)

    assert reason in str(caught.value)
