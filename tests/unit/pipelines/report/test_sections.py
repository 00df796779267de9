import json

import pytest

from pipelines.report.decision import decide
from pipelines.report.documents import Document, RunFolder
from pipelines.report.view_compare import comparison
from pipelines.report.view_pipeline import pipeline
from pipelines.report.view_quality import wilson
from pipelines.report.view_slices import auc_error, slices
from pipelines.report.view_timeline import timeline
from pipelines.report.view_tuning import tuning


def test_stages_follow_dependencies_references_and_branches(run_folder):
    stages = pipeline(RunFolder.load(run_folder()))["stages"]

    names = [[card.name for card in stage] for stage in stages]
    assert names == [
        ["Prepare"], ["Tune"], ["Train"], ["Evaluate"], ["QualityGate"], ["RegisterModel", "QualityGateFailed"],
    ]  # fmt: skip
    assert [card.status for card in stages[-1]] == ["Succeeded", "not run"]


def test_cycle_in_a_definition_ends(run_folder, synthetic):
    folder = run_folder()
    steps = [{"Name": "A", "DependsOn": ["B"]}, {"Name": "B", "DependsOn": ["A"]}]
    synthetic.write(folder, "definition.json", {"Steps": steps})

    names = [card.name for stage in pipeline(RunFolder.load(folder))["stages"] for card in stage]
    assert sorted(names) == ["A", "B"]


def test_trials_stand_below_their_step(run_folder):
    rows = timeline(RunFolder.load(run_folder()))["rows"]

    assert [row.name for row in rows][:4] == ["Prepare", "Tune", "trial 1", "trial 2"]
    assert rows[9].note == "failed"


def test_trials_of_an_earlier_run_are_not_in_the_timeline_of_a_cached_one(run_folder):
    rows = timeline(RunFolder.load(run_folder("cached")))["rows"]

    assert "trial 1" not in [row.name for row in rows]
    assert rows[1].note == "from the cache"


def test_best_trial_is_the_lowest_where_the_objective_is_minimized(run_folder):
    view = tuning(RunFolder.load(run_folder()))

    objectives = [trial.objective for trial in view["search"].scored]
    assert view["best"].objective == min(objectives)
    assert view["top"][0] is view["best"]
    assert len(view["failed"]) == 1


def test_best_trial_is_the_highest_where_the_objective_is_maximized(run_folder, synthetic):
    folder = run_folder()
    told = json.loads((folder / "tuning.json").read_text())
    synthetic.write(folder, "tuning.json", told | {"objective": {"metric": "validation:auc", "type": "Maximize"}})

    view = tuning(RunFolder.load(folder))
    assert view["best"].objective == max(trial.objective for trial in view["search"].scored)


def test_interval_across_zero_is_no_clear_difference(run_folder):
    rivals = comparison(RunFolder.load(run_folder("champion")))["rivals"]

    told = {rival.name: rival.verdict for rival in rivals}
    assert told == {"Base rate": "better", "Before the refit": "no clear difference", "Champion": "no clear difference"}


def test_run_without_champion_says_so_plainly(run_folder, report):
    assert "There is no champion yet" in report(run_folder()).text
    assert "There is no champion yet" not in report(run_folder("champion")).text


def test_only_slices_wholly_below_the_whole_are_named(run_folder):
    view = slices(RunFolder.load(run_folder()))

    assert [part.value for part in view["below"]] == ["evening"]
    assert [part.value for part in view["small"]] == ["HA"]


def test_decision_is_measured_against_the_better_simple_rule():
    matrix = {"0": {"0": 80, "1": 10}, "1": {"0": 4, "1": 6}}
    told = {"confusion_matrix": matrix, "cost_false_positive": 1, "cost_false_negative": 5}

    decision = decide(Document(told))

    assert decision.best == "never"
    assert decision.saved == pytest.approx(1 - 30 / 50)


def test_interval_of_a_share_reproduces_a_published_value():
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)  # Newcombe 1998, method 3


def test_error_of_a_useless_ranking_is_that_of_the_rank_sum_test():
    positives, negatives = 51, 58

    exact = (positives + negatives + 1) / (12 * positives * negatives)
    assert auc_error(0.5, positives, negatives) ** 2 == pytest.approx(exact)
