"""Which variant an entity gets, and what happens when that variant cannot answer."""

import hashlib

import numpy as np
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from inference.client import AssignmentError, Experiment, VariantClient, position, weights_of

EVEN = Experiment("release-v7", {"champion": 0.5, "challenger": 0.5})


class Runtime:
    """A sagemaker-runtime whose variants fail as told."""

    def __init__(self, **failures: dict) -> None:
        self.failures, self.requests = failures, []

    def invoke_endpoint(self, **request: object) -> dict:
        self.requests.append(request)
        variant = str(request["TargetVariant"])
        if variant in self.failures:
            raise ClientError(self.failures[variant], "InvokeEndpoint")
        return {"InvokedProductionVariant": variant, "Body": b""}


def failing(code: str, message: str = "no", **more: object) -> dict:
    return {"Error": {"Code": code, "Message": message}, **more}


def positions(salt: str, count: int) -> np.ndarray:
    return np.fromiter((position(salt, f"customer-{number}") for number in range(count)), float, count)


def test_an_even_split_of_a_million_entities_is_even_and_uniform():
    places = positions("release-v7", 1_000_000)

    halves = np.array([(places < 0.5).sum(), (places >= 0.5).sum()])
    thousandths = np.histogram(places, bins=1000, range=(0, 1))[0]
    assert chisquare(halves).pvalue > 0.001
    assert chisquare(thousandths).pvalue > 0.001
    assert EVEN.variant_of("customer-0") == ("challenger" if places[0] < 0.5 else "champion")


def test_experiments_assign_independently_of_each_other():
    one, other = positions("release-v7", 100_000) < 0.5, positions("release-v8", 100_000) < 0.5

    table = [[(one & other).sum(), (one & ~other).sum()], [(~one & other).sum(), (~one & ~other).sum()]]
    assert chi2_contingency(table).pvalue > 0.001


def test_the_hash_is_the_documented_one():
    digest = hashlib.sha256(b"release-v7\ncustomer-1").hexdigest()

    assert position("release-v7", "customer-1") == (int(digest[:16], 16) >> 11) / 2**53


@given(before=st.floats(0, 1), after=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_a_new_split_moves_only_entities_between_the_old_and_the_new_edge(before: float, after: float):
    old = Experiment("ramp", {"champion": 1 - before, "challenger": before})
    new = Experiment("ramp", {"champion": 1 - after, "challenger": after})

    for number in range(200):
        entity = f"e{number}"
        moved = old.variant_of(entity) != new.variant_of(entity)
        assert moved == (min(before, after) <= position("ramp", entity) < max(before, after))


def test_a_ramp_never_takes_an_entity_back():
    ramp = [Experiment("ramp", {"champion": 100 - share, "challenger": share}) for share in (5, 25, 50, 100)]

    for number in range(500):
        given_challenger = [step.variant_of(f"e{number}") == "challenger" for step in ramp]
        assert given_challenger == sorted(given_challenger)


def test_a_variant_of_weight_zero_gets_nobody_and_stands_in_for_nobody():
    alone = Experiment("release-v7", {"champion": 1.0, "challenger": 0.0})
    runtime = Runtime(champion=failing("ServiceUnavailable"))

    assert {alone.variant_of(f"e{number}") for number in range(300)} == {"champion"}
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        VariantClient(runtime, "flights", alone).invoke("e1", b"{}", inference_id="f1")


def test_every_request_names_its_variant_its_id_and_its_assignment():
    runtime = Runtime()

    answer = VariantClient(runtime, "flights", EVEN).invoke("customer-1", b"{}", inference_id="flight-1")

    (request,) = runtime.requests
    assert request["TargetVariant"] == answer.assigned == answer.variant == EVEN.variant_of("customer-1")
    assert request["InferenceId"] == "flight-1"
    assert request["CustomAttributes"] == f"experiment=release-v7;assigned={answer.assigned};share=0.5"


@pytest.mark.parametrize(
    "failure",
    [
        failing("ServiceUnavailable"),
        failing("InternalFailure"),
        failing("ModelNotReadyException"),
        failing("ModelError", OriginalStatusCode=503),
        failing("ModelError"),
        failing("ValidationError", "Variant {variant} was not found for endpoint flights"),
    ],
    ids=lambda failure: failure["Error"]["Code"],
)
def test_another_variant_stands_in_and_the_record_says_why(failure: dict):
    assigned = EVEN.variant_of("customer-1")
    failure["Error"]["Message"] = failure["Error"]["Message"].format(variant=assigned)
    runtime = Runtime(**{assigned: failure})

    answer = VariantClient(runtime, "flights", EVEN).invoke("customer-1", b"{}", inference_id="flight-1")

    assert (answer.assigned, answer.fallback) == (assigned, failure["Error"]["Code"])
    assert answer.variant != assigned
    assert runtime.requests[1]["InferenceId"] == "flight-1"
    assert runtime.requests[1]["CustomAttributes"].endswith(f"assigned={assigned};share=0.5;fallback={answer.fallback}")


@pytest.mark.parametrize(
    "failure",
    [
        failing("ModelError", OriginalStatusCode=400),
        failing("AccessDeniedException"),
        failing("ThrottlingException"),
        failing("ValidationError", "Body is over 6291456 bytes"),
    ],
    ids=lambda failure: failure["Error"]["Code"],
)
def test_the_requests_own_fault_is_no_reason_to_ask_another_variant(failure: dict):
    runtime = Runtime(champion=failure, challenger=failure)

    with pytest.raises(ClientError):
        VariantClient(runtime, "flights", EVEN).invoke("customer-1", b"{}", inference_id="flight-1")
    assert len(runtime.requests) == 1


def test_when_no_variant_is_available_the_first_error_is_raised():
    assigned = EVEN.variant_of("customer-1")
    other = EVEN.others(assigned)[0]
    runtime = Runtime(**{assigned: failing("ServiceUnavailable", "first"), other: failing("InternalFailure", "second")})

    with pytest.raises(ClientError, match="first"):
        VariantClient(runtime, "flights", EVEN).invoke("customer-1", b"{}", inference_id="flight-1")


def test_weights_follow_the_endpoint():
    described = {
        "ProductionVariants": [
            {"VariantName": "champion", "CurrentWeight": 0.75},
            {"VariantName": "challenger", "CurrentWeight": 0.25},
        ]
    }

    assert Experiment("release-v7", weights_of(described)).share("challenger") == 0.25


@pytest.mark.parametrize(
    ("name", "weights"),
    [("release v7", {"champion": 1}), ("", {"champion": 1}), ("r", {"a": -1}), ("r", {"a": 0}), ("r", {})],
)
def test_an_impossible_experiment_is_refused(name: str, weights: dict):
    with pytest.raises(AssignmentError):
        Experiment(name, weights)


@pytest.mark.parametrize("inference_id", ["", "x" * 65, "fläche"])
def test_an_inference_id_that_aws_would_refuse_is_refused(inference_id: str):
    with pytest.raises(AssignmentError, match="1 to 64 ASCII"):
        VariantClient(Runtime(), "flights", EVEN).invoke("e", b"", inference_id=inference_id)
