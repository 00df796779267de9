"""Several variants: routing by weight, TargetVariant, changes of weights and counts."""

import math
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.hosting.conftest import Clients


def counts(endpoint):
    return {
        item["VariantName"]: (item["CurrentInstanceCount"], item["DesiredInstanceCount"])
        for item in endpoint["ProductionVariants"]
    }


def weights(endpoint):
    return {item["VariantName"]: item["CurrentWeight"] for item in endpoint["ProductionVariants"]}


def change(hosting, name, **desired):
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": variant, **wanted} for variant, wanted in desired.items()],
    )
    return hosting.wait(name)


@pytest.fixture
def pair(hosting):
    return hosting.endpoint(hosting.variant("champion", weight=3), hosting.variant("challenger", weight=1))


def test_requests_are_shared_by_weight(hosting, pair):
    total = 1000

    with Clients(4, lambda *_: [lambda: hosting.ask(pair, "x")] * (total // 4)) as clients:
        pass

    share = Counter(answer.partition(":")[0] for answer in clients.answers)["challenger"] / total
    # Chance alone goes beyond 4.5 sigma once in 150,000 runs; beyond 3 it did.
    assert abs(share - 0.25) < 4.5 * math.sqrt(0.25 * 0.75 / total)


def test_a_target_variant_overrides_the_weights(hosting, pair):
    change(hosting, pair, challenger={"DesiredWeight": 0.0})

    assert {hosting.ask(pair, "x") for _ in range(20)} == {"champion:x"}
    assert hosting.ask(pair, "x", TargetVariant="challenger") == "challenger:x"


def test_weights_and_counts_change_while_the_endpoint_answers(hosting, pair):
    with Clients(
        2, lambda _, stop: iter(lambda: None if stop.is_set() else lambda: hosting.ask(pair), None)
    ) as clients:
        found = change(hosting, pair, champion={"DesiredInstanceCount": 2, "DesiredWeight": 1.0})
        again = change(hosting, pair, champion={"DesiredInstanceCount": 1})
        clients.stop()

    assert clients.errors == []
    assert (counts(found)["champion"], weights(found)["champion"]) == ((2, 2), 1.0)
    assert counts(again)["champion"] == (1, 1)


@pytest.mark.parametrize(
    ("desired", "text"),
    [
        ({"nobody": {"DesiredWeight": 1.0}}, 'Variant "nobody" was not found'),
        ({"champion": {"DesiredInstanceCount": 0}}, "at least 1 instance"),
    ],
)
def test_a_change_that_cannot_be_is_refused(hosting, pair, desired, text):
    with pytest.raises(ClientError, match=text):
        change(hosting, pair, **desired)

    assert hosting.describe(pair)["EndpointStatus"] == "InService"


def test_all_weights_zero_is_an_error_that_says_what_to_do(hosting, pair):
    change(hosting, pair, champion={"DesiredWeight": 0.0}, challenger={"DesiredWeight": 0.0})

    with pytest.raises(ClientError, match=r"All variants .* have weight 0"):
        hosting.ask(pair)
