"""SageMaker's rules as pure functions: durations, retries, paths, references, outputs."""

from datetime import timedelta

import pytest

from local_aws.pipeline_engine import retry
from local_aws.pipeline_engine.durations import parse_duration
from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.model import OutputParameter, RetryPolicy
from local_aws.pipeline_engine.parameters import as_text, fits
from local_aws.pipeline_engine.references import find_references, parse_reference, split_path
from local_aws.pipeline_engine.steps.outputs import typed_outputs


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("P30D", 30, 0),
        ("p30d", 30, 0),
        ("P4DT12H", 4, 43200),
        ("T12H", 0, 43200),
        ("PT30M", 0, 1800),
        ("P1Y2M", 425, 0),
        ("P2W", 14, 0),
        ("PT1.5S", 0, 1.5),
    ],
)
def test_durations(text, days, seconds):
    assert parse_duration(text) == timedelta(days=days, seconds=seconds)


@pytest.mark.parametrize("text", ["", "P", "PT", "30D5", "P-1D", "30 days"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is no ISO 8601 duration"):
        parse_duration(text)


def delays(policy, kind, elapsed=0.0):
    return [retry.delay_before_retry([policy], kind, retries=retries, elapsed_seconds=elapsed) for retries in range(4)]


def test_retries_back_off_until_the_attempts_are_used_up():
    policy = RetryPolicy(frozenset({retry.CAPACITY_ERROR}), interval_seconds=60, backoff_rate=1.5, max_attempts=3)

    assert delays(policy, retry.CAPACITY_ERROR) == [60, 90, 135, None]
    assert delays(policy, retry.RESOURCE_LIMIT) == [None] * 4
    assert delays(policy, None) == [None] * 4


def test_retries_end_before_they_would_expire():
    policy = RetryPolicy(frozenset({retry.CAPACITY_ERROR}), interval_seconds=60, expire_after_minutes=5)

    assert delays(policy, retry.CAPACITY_ERROR, elapsed=120) == [60, 120, None, None]


def test_a_policy_replaces_the_default_for_its_exceptions():
    policy = RetryPolicy(frozenset({retry.THROTTLING}), interval_seconds=10, max_attempts=1)

    assert delays(policy, retry.THROTTLING) == [10, None, None, None]
    assert delays(policy, retry.SERVICE_FAULT) == [1, 2, 4, None]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ResourceLimitExceeded", 400, retry.RESOURCE_LIMIT),
        ("ThrottlingException", 400, retry.THROTTLING),
        ("InternalFailure", 500, retry.SERVICE_FAULT),
        ("NotImplementedException", 501, None),
        ("ValidationException", 400, None),
    ],
)
def test_kinds_of_api_errors(code, status, kind):
    assert retry.kind_of_api_error(code, status) == kind


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("InternalServerError: We encountered an internal error.", retry.INTERNAL_ERROR),
        ("CapacityError: Unable to provision requested ML compute capacity.", retry.CAPACITY_ERROR),
        ("ResourceLimitExceeded: ml.m5.large", retry.RESOURCE_LIMIT),
        ("AlgorithmError: exit code 1", None),
        ("", None),
    ],
)
def test_kinds_of_job_failures(reason, kind):
    assert retry.kind_of_job_failure(reason) == kind


@pytest.mark.parametrize(
    ("path", "tokens"),
    [
        ("a.b", ["a", "b"]),
        ("Outputs['my output'].S3Uri", ["Outputs", "my output", "S3Uri"]),
        ('Outputs["x.y"]', ["Outputs", "x.y"]),
        ("a[0][-1]", ["a", 0, -1]),
        ("$.a", ["a"]),
        ("$['a']", ["a"]),
        ("metrics.validation:auc", ["metrics", "validation:auc"]),
        ("", []),
    ],
)
def test_paths(path, tokens):
    assert split_path(path) == tokens


@pytest.mark.parametrize("path", ["a[", "a['b]", "a[]"])
def test_paths_that_cannot_be_read(path):
    with pytest.raises(ValueError, match="cannot read the path"):
        split_path(path)


def test_references_are_taken_apart():
    reference = parse_reference("Steps.Train-1.ModelArtifacts.S3ModelArtifacts")

    assert (reference.kind, reference.name, reference.path) == ("Steps", "Train-1", "ModelArtifacts.S3ModelArtifacts")


def test_references_are_found_at_any_depth():
    value = {"a": [{"Std:Join": {"On": "", "Values": [{"Get": "Parameters.P"}, "x"]}}], "b": {"Get": "Steps.S.X"}}

    assert [reference.name for reference in find_references(value)] == ["P", "S"]


def test_outputs_are_typed():
    declared = [OutputParameter("n", "Integer"), OutputParameter("ok", "Boolean"), OutputParameter("text", "String")]

    assert typed_outputs(declared, {"n": "3", "ok": True, "text": 0.5, "more": 1}) == {
        "n": 3,
        "ok": True,
        "text": "0.5",
    }
    with pytest.raises(StepFailedError, match="'n' of type Integer was not returned; returned are"):
        typed_outputs(declared, {"ok": True})


def test_values_fit_types():
    assert fits(1, "Float")
    assert not fits(1.0, "Integer")
    assert not fits(True, "Integer")
    assert [as_text(value) for value in (True, 1, 0.7, "x")] == ["true", "1", "0.7", "x"]
