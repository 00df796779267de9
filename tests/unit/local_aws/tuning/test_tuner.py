"""The tuner's loop: parallelism, reproducibility, limits, failures and stopping."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.tuning.completion import CompletionCriteria
from local_aws.tuning.early_stopping import MedianRule
from local_aws.tuning.ranges import CategoricalRange, SearchSpace
from local_aws.tuning.strategies import GridSearch, Observation, RandomSearch
from local_aws.tuning.trials import Trial, best_first, best_trial
from local_aws.tuning.tuner import Algorithm
from tests.unit.local_aws.tuning.fakes import (
    BAYESIAN,
    MAXIMIZE,
    MINIMIZE,
    RANDOM,
    SPACE,
    FakeTrainer,
    make_plan,
    make_tuner,
)


def proposals(tuner):
    return [dict(trial.values) for trial in tuner.trials]


@pytest.mark.parametrize("search", [RANDOM, BAYESIAN])
def test_it_runs_the_asked_number_of_trials_and_never_more_at_once_than_allowed(search):
    trainer = FakeTrainer()
    tuner = make_tuner(trainer, search, max_trials=9, max_parallel=3)

    verdict = tuner.run()

    assert verdict.status == "Completed"
    assert [trial.status for trial in tuner.trials] == ["Completed"] * 9
    assert trainer.most_at_once == 3
    assert trainer.running == []


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_parallel_bayesian_proposals_do_not_depend_on_which_trial_ends_first(finishing):
    in_order = make_tuner(FakeTrainer(), BAYESIAN, max_parallel=3)
    shuffled = make_tuner(FakeTrainer(pick=finishing.choice), BAYESIAN, max_parallel=3)

    in_order.run()
    shuffled.run()

    assert proposals(in_order) == proposals(shuffled)


def test_another_seed_gives_other_proposals():
    tuner = make_tuner(FakeTrainer())
    other = make_tuner(FakeTrainer(), RandomSearch(SPACE, 8))

    tuner.run()
    other.run()

    assert not [values for values in proposals(tuner) if values in proposals(other)]


def test_without_a_seed_no_slot_waits_for_a_slow_trial():
    trainer = FakeTrainer(pick=lambda running: running[-1])
    tuner = make_tuner(trainer, BAYESIAN, max_parallel=2, is_reproducible=False)

    tuner.run()

    assert tuner.trials[0].has_ended
    assert trainer.most_at_once == 2


def test_bayesian_search_beats_random_search_on_a_smooth_objective():
    def bowl(trial):
        at = SPACE.locate(trial.values)
        return [-((at["eta"] - 0.7) ** 2) - (at["max_depth"] - 0.3) ** 2 - (at["booster"] == "dart")]

    def best_of(search):
        tuner = make_tuner(FakeTrainer(bowl), search, max_trials=40)
        tuner.run()
        return best_trial(tuner.trials, MAXIMIZE).objective

    assert best_of(BAYESIAN) > best_of(RANDOM)


def test_grid_search_tries_every_combination_once():
    space = SearchSpace((CategoricalRange("a", ("x", "y", "z")), CategoricalRange("b", ("1", "2"))))
    tuner = make_tuner(
        FakeTrainer(lambda _: [1.0]), algorithms=(Algorithm(space, GridSearch(space)),), max_trials=6, max_parallel=4
    )

    tuner.run()

    assert proposals(tuner) == [{"a": a, "b": b} for a in "xyz" for b in "12"]


def test_several_algorithms_take_turns():
    other = SearchSpace((CategoricalRange("kernel", ("rbf", "linear")),))
    algorithms = (Algorithm(SPACE, RANDOM), Algorithm(other, GridSearch(other)))
    tuner = make_tuner(FakeTrainer(lambda _: [1.0]), algorithms=algorithms, max_trials=4)

    tuner.run()

    assert [trial.definition for trial in tuner.trials] == [0, 1, 0, 1]
    assert [trial.values for trial in tuner.trials if trial.definition == 1] == [
        {"kernel": "rbf"},
        {"kernel": "linear"},
    ]


def test_summaries_come_best_first_and_trials_without_a_value_last():
    tuner = make_tuner(FakeTrainer(lambda t: [] if t.number == 2 else [float(t.number % 4)]), max_trials=5)
    tuner.run()

    assert [t.number for t in best_first(tuner.trials, MAXIMIZE)] == [3, 1, 5, 4, 2]
    assert [t.number for t in best_first(tuner.trials, MINIMIZE)] == [4, 1, 5, 3, 2]


def test_a_completed_job_whose_log_lacks_the_metric_has_a_failed_objective():
    tuner = make_tuner(FakeTrainer(lambda t: [] if t.number == 1 else [0.5]), max_trials=2)

    assert tuner.run().status == "Completed"
    assert [(t.status, t.objective_status) for t in tuner.trials] == [
        ("Completed", "Failed"),
        ("Completed", "Succeeded"),
    ]


def test_a_failed_trial_does_not_end_the_search():
    tuner = make_tuner(FakeTrainer(fails={1, 3}), BAYESIAN, max_trials=8, max_parallel=2)

    assert tuner.run().status == "Completed"
    assert [t.status for t in tuner.trials].count("Failed") == 2


@pytest.mark.parametrize(
    ("trainer", "trials", "ran", "reason"),
    [
        (FakeTrainer(fails=set(range(99))), 3, 3, "All training jobs failed. Please take a look"),
        (FakeTrainer(fails=set(range(99))), 20, 5, "No training job succeeded after 5 attempts. Please take a look"),
        (FakeTrainer(lambda _: []), 20, 5, "No objective metrics found after running 5 training jobs. Please ensure"),
    ],
)
def test_a_search_without_any_result_fails_as_sagemaker_words_it(trainer, trials, ran, reason):
    tuner = make_tuner(trainer, max_trials=trials)

    verdict = tuner.run()

    assert verdict.status == "Failed"
    assert verdict.failure_reason.startswith(reason)
    assert ("job-001: AlgorithmError: exit code 1" in verdict.failure_reason) == bool(trainer.fails)
    assert len(tuner.trials) == ran


def test_a_stop_ends_every_running_trial_and_starts_no_more():
    trainer = FakeTrainer()
    tuner = make_tuner(trainer, max_parallel=3)
    tuner.stop_after = 4

    verdict = tuner.run()

    assert verdict.status == "Stopped"
    assert trainer.running == []
    assert [t.status for t in tuner.trials] == ["Completed"] * 4 + ["Stopped"] * 3


def test_a_trial_that_the_end_cut_short_without_a_model_is_not_the_best():
    trainer = FakeTrainer(lambda t: [float(t.number)] * 3, pick=lambda running: running[-1])
    trainer.leaves_model = False
    tuner = make_tuner(trainer, max_parallel=2, is_reproducible=False)
    tuner.stop_after = 1
    tuner.run()

    assert best_trial(tuner.trials, MAXIMIZE).number == 2
    assert [t.objective for t in tuner.trials] == [None, 2.0, None]


def test_the_runtime_limit_stops_the_search_but_counts_as_completed():
    trainer = FakeTrainer()
    tuner = make_tuner(trainer, max_seconds=-1e9, max_parallel=2)

    assert tuner.run().status == "Completed"
    assert trainer.stopped == [1, 2]


def test_auto_early_stopping_ends_hopeless_trials_with_their_best_value():
    def curve(trial):
        level = 0.5 if trial.number == 4 else 0.8
        return [level, level + 0.1, level + 0.2]

    tuner = make_tuner(FakeTrainer(curve), rule=MedianRule(MAXIMIZE), max_trials=5)
    tuner.run()

    assert [t.status for t in tuner.trials] == ["Completed"] * 3 + ["Stopped", "Completed"]
    assert tuner.trials[3].objective == 0.5
    assert tuner.trials[3].objective_status == "Succeeded"


def test_a_target_value_ends_the_search_early():
    criteria = CompletionCriteria(MAXIMIZE, target=3.0)
    tuner = make_tuner(FakeTrainer(lambda t: [float(t.number)]), criteria=criteria)

    assert tuner.run().status == "Completed"
    assert len(tuner.trials) == 3


def test_a_search_that_no_longer_improves_ends_early():
    criteria = CompletionCriteria(MAXIMIZE, patience=3)
    tuner = make_tuner(FakeTrainer(lambda t: [1.0 if t.number == 2 else 0.0]), criteria=criteria)

    tuner.run()

    assert len(tuner.trials) == 5


def test_a_converged_search_ends_early():
    criteria = CompletionCriteria(MAXIMIZE, detect_convergence=True)
    tuner = make_tuner(FakeTrainer(lambda t: [1 - 0.5**t.number]), criteria=criteria, max_trials=60)

    tuner.run()

    assert len(tuner.trials) == 20


def test_warm_start_lets_the_model_work_from_the_first_trial():
    source = random.Random(1)
    prior = [
        Observation({"eta": x, "max_depth": source.random(), "booster": "gbtree"}, -((x - 0.9) ** 2))
        for x in (i / 20 for i in range(20))
    ]
    tuner = make_tuner(FakeTrainer(), BAYESIAN, prior, max_trials=6)

    tuner.run()

    located = [SPACE.locate(t.values)["eta"] for t in tuner.trials]
    assert sum(located) / len(located) > 0.7


def test_progress_is_published_after_every_change():
    published = []
    make_tuner(FakeTrainer(), published=published, max_trials=2).run()

    assert published == [["InProgress"], ["Completed"], ["Completed", "InProgress"], ["Completed", "Completed"]]


def test_small_spaces_do_not_repeat_a_trial():
    space = SearchSpace((CategoricalRange("a", ("x", "y")), CategoricalRange("b", ("1", "2"))))
    tuner = make_tuner(
        FakeTrainer(lambda _: [1.0]), algorithms=(Algorithm(space, RandomSearch(space, 3)),), max_trials=4
    )

    tuner.run()

    assert len({tuple(t.values.items()) for t in tuner.trials}) == 4


def test_a_reproducible_plan_looks_only_as_far_back_as_parallel_trials_allow():
    assert [make_plan(max_parallel=k).lag for k in (1, 2, 4)] == [1, 4, 8]


def test_the_best_trial_of_none_is_none():
    assert best_trial([Trial(1, 0, "job", {}, datetime.now(UTC))], MAXIMIZE) is None
