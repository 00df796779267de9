"""A grant that nothing needs, and a limit that nothing guards, are found."""

from dataclasses import replace

import pytest

from local_aws.iam.evaluator import Policies, Request
from local_aws.iam.findings import Finding
from local_aws.iam.mutation import Case, siblings, survivors

ROLE = "arn:aws:iam::123456789012:role/training"
SESSION = "arn:aws:sts::123456789012:assumed-role/training/SageMaker"
TLS = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}


def statement(actions="s3:GetObject", resource="arn:aws:s3:::lake/curated/*", **more):
    return {"Sid": "Read", "Effect": "Allow", "Action": actions, "Resource": resource, **more}


def case(key, *statements, is_allowed=True, action="s3:GetObject", **context):
    request = Request(ROLE, SESSION, action, f"arn:aws:s3:::lake/{key}", context)
    return Case(request, Policies({"own": {"Statement": list(statements)}}), is_allowed)


def test_a_needed_grant_and_a_guarded_resource_leave_nothing():
    own = statement()

    assert survivors([case("curated/a", own)], [case("raw/a", own, is_allowed=False)]) == []


def test_a_grant_that_no_call_needs_survives_being_dropped():
    own = statement(["s3:GetObject", "s3:PutObject"])

    found = survivors([case("curated/a", own)], [case("raw/a", own, is_allowed=False)])

    assert found == [Finding("drop", ROLE, "Read", "s3:PutObject")]


def test_a_resource_that_no_negative_request_guards_survives_being_widened():
    assert survivors([case("curated/a", statement())], []) == [
        Finding("widen", ROLE, "Read", "Resource"),
        Finding("widen", ROLE, "Read", "Resource arn:aws:s3:::lake/curated/*"),
    ]


def test_a_request_to_another_bucket_does_not_guard_the_prefix():
    elsewhere = case("a", statement(), is_allowed=False)
    elsewhere = replace(elsewhere, request=replace(elsewhere.request, resource="arn:aws:s3:::other/a"))

    found = survivors([case("curated/a", statement())], [elsewhere])

    assert found == [Finding("widen", ROLE, "Read", "Resource arn:aws:s3:::lake/curated/*")]


def test_each_of_several_resources_is_needed():
    own = statement(resource=["arn:aws:s3:::lake/curated/*", "arn:aws:s3:::lake/models/*"])

    found = survivors([case("curated/a", own)], [case("raw/a", own, is_allowed=False)])

    assert found == [Finding("drop", ROLE, "Read", "Resource arn:aws:s3:::lake/models/*")]


def test_a_deny_that_no_request_meets_survives_being_removed():
    deny = {"Sid": "Never", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/curated/x"}
    work, other = case("curated/a", statement(), deny), case("raw/a", statement(), deny, is_allowed=False)

    assert survivors([work], [other]) == [Finding("widen", ROLE, "Never", "Deny")]
    assert survivors([work], [other, case("curated/x", statement(), deny, is_allowed=False)]) == []


@pytest.mark.parametrize(
    ("resource", "wider"),
    [
        ("arn:aws:s3:::lake", "arn:aws:s3:::*"),
        ("arn:aws:s3:::lake/models/*", "arn:aws:s3:::lake/*"),
        ("arn:aws:iam::123456789012:role/job", "arn:aws:iam::123456789012:role/*"),
        ("arn:aws:logs:us-east-1:1:log-group:/aws/x:*", "arn:aws:logs:us-east-1:1:log-group:*"),
        ("arn:aws:sagemaker:us-east-1:1:training-job/*", "arn:aws:sagemaker:us-east-1:1:training-job/*"),
        ("*", "*"),
    ],
)
def test_siblings_are_what_else_there_is_of_a_kind(resource, wider):
    assert siblings(resource) == wider


def test_each_condition_is_guarded_by_a_request_of_its_own():
    own = statement(resource="*", Condition={**TLS, "Bool": {"aws:SecureTransport": "true"}})
    inside = {"aws:SourceVpce": "vpce-1", "aws:SecureTransport": "true"}
    plain = case("a", own, is_allowed=False, **{**inside, "aws:SecureTransport": "false"})

    found = survivors([case("a", own, **inside)], [plain])

    assert found == [Finding("widen", ROLE, "Read", "Condition StringEquals aws:SourceVpce")]


def test_a_boundary_does_not_stand_in_for_a_narrow_grant():
    own = statement(resource="*")
    boundary = {"Statement": [statement()]}
    attempt = case("raw/a", own, is_allowed=False)
    capped = Case(attempt.request, Policies(attempt.policies.identity, boundary), is_allowed=False)
    narrow = case("raw/a", statement(), is_allowed=False)

    assert survivors([case("curated/a", statement())], [narrow]) == []
    assert survivors([case("curated/a", own)], [capped]) == []  # nothing left to widen: the report shows `*` itself
