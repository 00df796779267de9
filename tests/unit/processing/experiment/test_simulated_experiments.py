"""Whole experiments, simulated on what real days did, with a look every hour."""

from dataclasses import replace

import pytest

from benchmarks.experiment import looking, simulation
from benchmarks.experiment.real_days import DEMO_PAIR, Days, load
from processing.experiment.plan import Plan, SampleRatioPlan
from processing.experiment.sample_ratio import requests_needed

PLAN = Plan("simulated")


@pytest.fixture(scope="module")
def days() -> Days:
    return load()


def test_equal_models_are_seldom_told_apart(days: Days):
    wrong = simulation.false_positives(days, PLAN, 2000)

    assert wrong.looks == 24 * 28
    assert wrong.any <= 0.05


def test_the_planned_effect_is_found_in_the_planned_time(days: Days):
    plan = simulation.planned(days, replace(PLAN, minimum_effect=0.05), DEMO_PAIR)

    power = simulation.power(days, plan, 1000)

    assert power.found >= 0.8
    assert power.wrong_way <= 0.01


@pytest.mark.parametrize("shift", [0.01, -0.01])
def test_a_mismatch_of_one_point_is_found_at_the_planned_size(shift: float):
    requests = requests_needed(0.5, mismatch=0.01, alpha=PLAN.sample_ratio_alpha, power=0.95)
    plan = replace(PLAN, sample_ratio=SampleRatioPlan(0.01, requests))

    assert simulation.mismatch_found(plan, 0.5, shift, 2000) >= 0.95


def test_tests_made_for_one_look_are_wrong_far_more_often(days: Days):
    curves = looking.wrong_by_day(days, PLAN, 300)

    assert curves[looking.REQUESTS][-1] > 0.5
    assert curves[looking.DAYS_ONCE][-1] > 0.15
    assert curves[looking.ALWAYS][-1] <= 0.05
