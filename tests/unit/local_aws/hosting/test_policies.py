"""How guarded updates are cut into steps, and what is refused."""

import pytest

from local_aws.errors import ValidationError
from local_aws.hosting.policies import rollout


def blue_green(kind, wait=60, **fields):
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **fields}
        }
    }


def size(kind, value):
    return {"Type": kind, "Value": value}


def shares(plan):
    return [(dict(step.counts), step.share) for step in plan.steps]


def test_without_a_config_all_moves_at_once_and_nothing_is_watched():
    plan = rollout(None, {"a": 1}, {"b": 3})

    assert shares(plan) == [({"b": 3}, 1.0)]
    assert (plan.is_guarded, plan.bake_seconds, plan.alarms) == (False, 0, ())


@pytest.mark.parametrize(
    ("value", "count", "instances"),
    [(10, 10, 1), (25, 4, 1), (25, 5, 2), (50, 3, None), (50, 2, 1), (1, 2, 1)],
)
def test_a_canary_is_rounded_up_to_whole_instances_but_never_above_half(value, count, instances):
    config = blue_green("CANARY", CanarySize=size("CAPACITY_PERCENT", value))

    if instances is None:
        with pytest.raises(ValidationError, match="at most half"):
            rollout(config, {"a": count}, {"a": count})
        return
    plan = rollout(config, {"a": count}, {"a": count})
    assert shares(plan) == [({"a": instances}, instances / count), ({"a": count}, 1.0)]


def test_linear_steps_grow_until_all_has_moved():
    plan = rollout(blue_green("LINEAR", LinearStepSize=size("CAPACITY_PERCENT", 40)), {"a": 5}, {"a": 5})

    assert shares(plan) == [({"a": 2}, 0.4), ({"a": 4}, 0.8), ({"a": 5}, 1.0)]


def test_several_variants_move_together():
    config = blue_green("CANARY", CanarySize=size("INSTANCE_COUNT", 1))

    plan = rollout(config, {"a": 2, "b": 4}, {"a": 2, "b": 4})

    assert shares(plan)[0] == ({"a": 1, "b": 1}, 2 / 6)


def test_a_rolling_update_replaces_one_variant_in_batches():
    policy = {"RollingUpdatePolicy": {"MaximumBatchSize": size("INSTANCE_COUNT", 2), "WaitIntervalInSeconds": 30}}

    plan = rollout(policy, {"a": 5}, {"a": 5})

    assert [step.counts["a"] for step in plan.steps] == [2, 4, 5]
    assert plan.is_rolling
    with pytest.raises(ValidationError, match="several production variants"):
        rollout(policy, {"a": 5, "b": 5}, {"a": 5, "b": 5})


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (blue_green("LINEAR", LinearStepSize=size("CAPACITY_PERCENT", 5)), "5 CAPACITY_PERCENT; allowed is 10 to 50"),
        (blue_green("LINEAR"), "needs LinearStepSize"),
        (blue_green("ALL_AT_ONCE", CanarySize=size("INSTANCE_COUNT", 1)), "cannot have CanarySize"),
        ({**blue_green("ALL_AT_ONCE"), "RollingUpdatePolicy": {"WaitIntervalInSeconds": 0}}, "not both"),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(config, text):
    with pytest.raises(ValidationError, match=text):
        rollout(config, {"a": 4}, {"a": 4})
