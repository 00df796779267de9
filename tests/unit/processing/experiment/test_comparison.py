"""Paired and split comparison of the same requests; verdict rules."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss

from processing.experiment.comparison import Quantity, compare, log_losses
from processing.experiment.guardrails import Guardrail, judge_guardrails
from processing.experiment.judgement import Look, judge
from processing.experiment.metrics_file import Metrics
from processing.experiment.plan import PAIRED, SPLIT, Plan
from processing.experiment.requests import Requests
from processing.experiment.verdict import Evidence, decide

PLAN = Plan("r", minimum_effect=0.01, maximum_days=20)


def requests(count: int = 6000, days: int = 6, *, better: float = 0.0, seed: int = 1) -> Requests:
    """Requests of two models, evenly assigned; `better` shrinks the challenger's error."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.05, 0.6, count)
    labels = (rng.random(count) < truth).astype(float)
    noise = rng.normal(0, 0.8, count)
    logit = np.log(truth / (1 - truth))
    champion = 1 / (1 + np.exp(-(logit + noise)))
    challenger = 1 / (1 + np.exp(-(logit + (1 - better) * rng.permutation(noise))))
    assigned = rng.integers(0, 2, count)
    moments = np.sort(rng.uniform(0, days * 86400, count))
    return Requests(
        moments=moments,
        days=(moments // 86400).astype(np.int64),
        assigned=assigned,
        served=assigned.copy(),
        shares=np.full(count, 0.5),
        fallbacks=np.zeros(count, dtype=bool),
        answers=np.where(assigned == 1, challenger, champion),
        scores={"champion": champion, "challenger": challenger},
        labels=labels,
        first_rows=np.ones(count, dtype=bool),
        closed=np.ones(count, dtype=bool),
        slices={"origin": rng.choice(["EWR", "JFK"], count).astype(object)},
        counts={},
    )


def test_the_paired_estimate_is_the_difference_of_log_losses():
    given = requests(better=0.5)
    sums = compare(given, log_losses(given, PAIRED), PAIRED, given.judged)

    expected = log_loss(given.labels, given.scores["challenger"]) - log_loss(given.labels, given.scores["champion"])
    assert sums.sums.sum() / sums.sizes.sum() == pytest.approx(expected)
    assert sums.requests.sum() == 6000


def test_the_split_estimate_agrees_with_the_paired_one_but_is_less_sure():
    given = requests(60_000, better=0.8)
    paired, split = (
        compare(given, log_losses(given, kind), kind, given.judged).sequence(0.05, 0.3) for kind in (PAIRED, SPLIT)
    )

    assert split.estimate[-1] == pytest.approx(paired.estimate[-1], abs=0.02)
    assert paired.upper[-1] - paired.lower[-1] < split.upper[-1] - split.lower[-1]


def test_a_share_that_rises_while_the_day_gets_worse_does_not_harm_the_challenger():
    given = requests(20_000, days=4)
    hour = (given.moments // 3600 % 24).astype(int)
    share = np.where(hour < 12, 0.05, 0.5)
    rng = np.random.default_rng(4)
    assigned = (rng.random(20_000) < share).astype(np.int64)
    loss = np.where(hour < 12, 0.1, 0.9) + rng.normal(0, 0.05, 20_000)
    ramped = replace(given, assigned=assigned, shares=share)

    sums = compare(ramped, Quantity(loss, loss), SPLIT, ramped.judged)

    naive = loss[assigned == 1].mean() - loss[assigned == 0].mean()
    assert naive > 0.2
    assert sums.sums.sum() / sums.sizes.sum() == pytest.approx(0, abs=0.005)


def test_a_fallback_counts_for_the_variant_that_failed():
    given = requests(4000)
    failed = given.assigned == 1
    fallen = replace(given, served=np.zeros(4000, dtype=np.int64), fallbacks=failed)

    sums = compare(fallen, log_losses(fallen, SPLIT), SPLIT, fallen.judged)

    assert sums.requests.sum() > 3500


def test_rows_that_only_one_model_can_score_are_left_out_of_the_pairs():
    given = requests(1000)
    given.scores["champion"][:100] = np.nan

    assert compare(given, log_losses(given, PAIRED), PAIRED, given.judged).requests.sum() == 900


def test_a_split_plan_is_decided_by_the_split():
    given = requests(40_000, days=12, better=1.0)

    document = judge(given, Metrics(), replace(PLAN, comparison=SPLIT), Look(1, None, None))

    assert document["quality"]["comparison"] == "split"
    assert document["verdict"] == "promote"


def test_a_miscalibrated_challenger_is_harm_and_a_miscalibrated_champion_is_not():
    given = requests(12_000, days=12)
    high = np.clip(given.scores["challenger"] + 0.25, 0, 0.99)
    worse = replace(given, scores={"champion": given.scores["champion"], "challenger": high})
    swapped = replace(given, scores={"champion": high, "challenger": given.scores["champion"]})

    found = [
        {each.name: each for each in judge_guardrails(case, Metrics(), PLAN)[0]}["calibration"]
        for case in (worse, swapped)
    ]

    assert [each.status for each in found] == ["harm", "ok"]
    assert found[0].estimate > 0.15
    assert found[1].estimate < 0


def test_a_challenger_that_fails_one_origin_is_harm():
    given = requests(24_000, days=20)
    broken = given.scores["champion"].copy()
    here = given.slices["origin"] == "JFK"
    broken[here] = 1 - broken[here]

    scores = {"champion": given.scores["champion"], "challenger": broken}
    guardrails, slices = judge_guardrails(replace(given, scores=scores), Metrics(), PLAN)

    worst = {each.name: each for each in guardrails}["worst_slice"]
    assert worst.status == "harm"
    assert "origin JFK" in worst.detail
    assert slices[0]["value"] == "JFK"


def test_a_terrible_challenger_is_noticed_before_its_first_day_is_over():
    given = requests(800, days=1)
    given = replace(given, closed=np.zeros(800, dtype=bool))
    scores = {"champion": given.scores["champion"], "challenger": 1 - given.scores["champion"]}

    document = judge(replace(given, scores=scores), Metrics(), PLAN, Look(1, None, None))

    assert (document["verdict"], document["decided_by"]) == ("abandon", "guardrail")
    assert "daily_log_loss" in document["reason"]


def evidence(**changed: object) -> Evidence:
    start = Evidence(5, 5, -0.02, -0.03, -0.01, [Guardrail("error_rate", "ok", 0.01)], False, 500)
    return replace(start, **changed)


@pytest.mark.parametrize(
    ("changed", "verdict", "decided_by"),
    [
        ({}, "promote", "quality"),
        ({"days": 2}, "continue", "none"),
        ({"served": 10}, "continue", "none"),
        ({"is_faithful": False}, "continue", "none"),
        ({"ratio_is_wrong": True}, "abandon", "sample_ratio"),
        ({"guardrails": [Guardrail("error_rate", "harm", 0.01, 0.1, 0.05, 0.2)]}, "abandon", "guardrail"),
        ({"lower": 0.001, "upper": 0.01}, "abandon", "quality"),
        ({"lower": -0.009, "upper": 0.01}, "abandon", "futility"),
        ({"lower": -0.02, "upper": 0.01}, "continue", "none"),
        ({"lower": -0.02, "upper": 0.01, "elapsed_days": 20}, "abandon", "maximum_duration"),
        ({"days": 0, "lower": -np.inf, "upper": np.inf}, "continue", "none"),
    ],
)
def test_the_rules(changed: dict, verdict: str, decided_by: str):
    decided = decide(evidence(**changed), PLAN)

    assert (decided.verdict, decided.decided_by) == (verdict, decided_by)
    assert decided.reasons[0]


def test_a_margin_promotes_what_is_surely_not_worse():
    assert decide(evidence(lower=-0.02, upper=0.004), replace(PLAN, margin=0.005)).verdict == "promote"
