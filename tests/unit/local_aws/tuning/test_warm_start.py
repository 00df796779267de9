"""Warm start: which of the parents' trials count, and which parents are refused."""

import datetime as dt
import re

import pytest

from local_aws.errors import ValidationError
from local_aws.tuning.plan import build_plan
from local_aws.tuning.record import new_record, write_overall_best
from local_aws.tuning.trials import Objective
from local_aws.tuning.validation import check_request
from local_aws.tuning.warm_start import find_parents
from tests.unit.local_aws.tuning.requests import ACCOUNT, own_algorithm, tuning_request

CONFIG = "HyperParameterTuningJobConfig."


def warm(kind, *parents):
    named = [{"HyperParameterTuningJobName": parent} for parent in parents]
    return {"WarmStartConfig": {"ParentHyperParameterTuningJobs": named, "WarmStartType": kind}}


def summary(value, **values):
    metric = {"Type": "Maximize", "MetricName": "validation:auc", "Value": value}
    return {
        "TrainingJobName": f"job-{value}",
        "TunedHyperParameters": values,
        "FinalHyperParameterTuningJobObjectiveMetric": metric,
    }


def parent_record(*summaries, status="Completed", **changes):
    request = tuning_request(**changes)
    record = new_record(request, "arn", check_request(request, ACCOUNT), dt.datetime.now(dt.UTC))
    best = {"BestTrainingJob": summaries[0]} if summaries else {}
    return {**record, **best, "TrainingJobSummaries": list(summaries), "HyperParameterTuningJobStatus": status}


def priors(parent, **changes):
    request = tuning_request(**changes, **warm("TransferLearning", "parent"))
    parents = find_parents(request, {"parent": parent}.get)
    return build_plan(request, check_request(request, ACCOUNT), parents).algorithms[0].prior


def test_parent_trials_feed_the_search():
    parent = parent_record(summary(0.7, eta="0.1", max_depth="3"), summary(0.6, eta="0.2", max_depth="4"))

    assert [prior.value for prior in priors(parent)] == [0.7, 0.6]


def test_parent_trials_outside_the_new_space_are_dropped():
    parent = parent_record(
        summary(0.9, eta="0.9", max_depth="3"), summary(0.7, eta="0.1", max_depth="3"), summary(0.6, eta="0.1")
    )

    assert [prior.value for prior in priors(parent)] == [0.7]


def test_categories_outside_the_new_space_are_dropped():
    ranges = CONFIG + "ParameterRanges"
    old = {ranges: {"CategoricalParameterRanges": [{"Name": "booster", "Values": ["gbtree", "dart"]}]}}
    new = {ranges: {"CategoricalParameterRanges": [{"Name": "booster", "Values": ["gbtree", "gblinear"]}]}}
    parent = parent_record(summary(0.8, booster="dart"), summary(0.7, booster="gbtree"), **own_algorithm(), **old)

    assert [prior.value for prior in priors(parent, **own_algorithm(), **new)] == [0.7]


def test_a_hyperparameter_that_was_static_counts_at_its_value():
    ranges = CONFIG + "ParameterRanges"
    old = {ranges: {"ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5"}]}}
    static = {"TrainingJobDefinition.StaticHyperParameters": {"max_depth": "6"}}

    parent = parent_record(summary(0.7, eta="0.1"), **old, **static)

    assert [prior.value for prior in priors(parent)] == [0.7]


@pytest.mark.parametrize(
    ("parent", "kind", "message"),
    [
        (None, "TransferLearning", "[parent] of WarmStartConfig was not found"),
        (parent_record(status="InProgress"), "TransferLearning", "[parent] is [InProgress]"),
        (
            parent_record(**{CONFIG + "HyperParameterTuningJobObjective.MetricName": "validation:f1"}),
            "TransferLearning",
            "must be the same as those of the parent",
        ),
        (
            parent_record(**{"TrainingJobDefinition.InputDataConfig": []}),
            "IdenticalDataAndAlgorithm",
            "Use [TransferLearning] instead",
        ),
    ],
)
def test_a_parent_that_does_not_fit_is_refused(parent, kind, message):
    if parent:
        parent["HyperParameterTuningJobName"] = "parent"
    with pytest.raises(ValidationError, match=re.escape(message)):
        find_parents(tuning_request(**warm(kind, "parent")), {"parent": parent}.get)


def test_the_overall_best_may_be_a_parents_training_job():
    parent = parent_record(summary(0.9, eta="0.1", max_depth="3"))
    child = parent_record(summary(0.8, eta="0.2", max_depth="3"), **warm("IdenticalDataAndAlgorithm", "parent"))

    write_overall_best(child, [parent], Objective("validation:auc", maximize=True))

    assert child["OverallBestTrainingJob"]["TrainingJobName"] == "job-0.9"
    assert child["OverallBestTrainingJob"]["TuningJobName"] == "tune"


def test_transfer_learning_has_no_overall_best():
    child = parent_record(summary(0.8, eta="0.2", max_depth="3"), **warm("TransferLearning", "parent"))

    write_overall_best(child, [], Objective("validation:auc", maximize=True))

    assert "OverallBestTrainingJob" not in child
