"""`python -m pipelines plan-experiment`: a table for people and a plan for the judge."""

import json
from pathlib import Path

import pytest

from pipelines.__main__ import main
from processing.experiment.plan import Plan


def planned(tmp_path: Path, *arguments: str) -> Plan:
    assert main(["plan-experiment", *arguments, "--output", str(tmp_path / "made" / "plan.json")]) == 0
    return Plan.load(tmp_path / "made")


def test_the_judge_reads_what_was_planned(tmp_path: Path, capsys: pytest.CaptureFixture):
    plan = planned(tmp_path, "--experiment", "release-v7", "--effect", "0.06", "--requests-per-day", "900")

    table = capsys.readouterr().out
    assert plan.experiment == "release-v7"
    assert plan.comparison == "paired"
    assert plan.minimum_days < plan.expected_days < plan.maximum_days
    assert plan.maximum_days == plan.planned["paired"]["days"] < plan.planned["split"]["days"]
    assert f"ends after {plan.maximum_days} closed days" in table
    assert f"{plan.sample_ratio.requests:,} requests find a mismatch" in table


def test_a_plan_for_an_outcome_that_predictions_change_compares_variants(tmp_path: Path):
    assert planned(tmp_path, "--kind", "split", "--effect", "0.2").comparison == "split"


def test_an_evaluation_tells_how_much_days_differ(tmp_path: Path):
    interval = {"value": -0.05, "lower": -0.07, "upper": -0.03}
    comparisons = {"champion": {"log_loss_difference": interval}, "method": {"days": 30}}
    (tmp_path / "evaluation.json").write_text(json.dumps({"comparisons": comparisons}))

    plan = planned(tmp_path, "--evaluation", str(tmp_path / "evaluation.json"))

    assert plan.planned["standard_deviations"]["day"] == pytest.approx(0.04 / 3.92 * 30**0.5)


def test_what_cannot_be_found_in_a_year_says_so(tmp_path: Path, capsys: pytest.CaptureFixture):
    planned(tmp_path, "--effect", "0.001", "--maximum-days", "28")

    assert "over a year" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--maximum-days", "0"), "--maximum-days is 0; allowed is 1 or more"),
        (("--evaluation", "/nowhere.json"), "/nowhere.json: no comparison with a champion"),
    ],
)
def test_what_cannot_be_planned_is_told(arguments: tuple, message: str, capsys: pytest.CaptureFixture):
    assert main(["plan-experiment", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_number_out_of_range_is_a_usage_error(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        main(["plan-experiment", "--power", "1.5"])
    assert "1.5 is not allowed; expected a number above 0, below 1" in capsys.readouterr().err
