"""IAM decides as its documentation says, type of policy by type of policy."""

import pytest

from local_aws.iam.evaluator import Policies, Request, evaluate

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/training/job"
OBJECT = "arn:aws:s3:::lake/raw/flights.parquet"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"


def request(action="s3:GetObject", resource=OBJECT, **context):
    return Request(ROLE, SESSION, action, resource, context)


def document(effect="Allow", action="s3:GetObject", resource="arn:aws:s3:::lake/raw/*", **more):
    return {"Statement": [{"Sid": "One", "Effect": effect, "Action": action, "Resource": resource, **more}]}


def decide(identity=(), asked=None, **policies):
    named = {f"policy{index}": policy for index, policy in enumerate(identity)}
    return evaluate(asked or request(), Policies(named, **policies))


def test_nothing_is_allowed_without_a_grant():
    verdict = decide()

    assert not verdict.is_allowed
    assert verdict.reason == "because no identity-based policy allows the action"


def test_a_grant_allows_and_names_its_statement():
    verdict = decide([document()])

    assert verdict.is_allowed
    assert verdict.granted_by == (("policy0", "One"),)


def test_an_explicit_deny_beats_every_grant():
    verdict = decide([document(), document("Deny", "s3:*", "*")])

    assert not verdict.is_allowed
    assert "explicit deny in an identity-based policy" in verdict.reason


def test_a_boundary_limits_what_identity_policies_grant():
    assert not decide([document()], boundary=document(action="s3:PutObject")).is_allowed
    assert decide([document()], boundary=document(action="s3:*", resource="*")).is_allowed


def test_an_endpoint_policy_must_allow_too():
    closed = document(resource="arn:aws:s3:::other/*", Principal="*")
    opened = document(resource="arn:aws:s3:::lake/*", Principal="*")

    assert "VPC endpoint policy" in decide([document()], endpoint=closed).reason
    assert decide([document()], endpoint=opened).is_allowed


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [({"AWS": ROLE}, True), ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False), ({"AWS": ROLE + "x"}, False)],
)
def test_a_bucket_policy_grants_whom_it_names_and_an_account_only_delegates(principal, allowed):
    assert decide(resource=document(Principal=principal)).is_allowed is allowed


def test_a_key_policy_is_needed_even_with_an_identity_grant():
    grant = document(action="kms:Decrypt", resource=KEY)
    asked = request("kms:Decrypt", KEY)
    delegating = document(action="kms:*", resource="*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})

    assert not decide([grant], asked, resource={"Statement": []}, resource_policy_required=True).is_allowed
    assert decide([grant], asked, resource=delegating, resource_policy_required=True).is_allowed


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"}, True),
        ({"StringNotEquals": {"k:ey": "a"}}, {}, True),
        ({"StringEquals": {"k:ey": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k:ey": "a"}}, {}, True),
        ({"Null": {"k:ey": "true"}}, {}, True),
        ({"Null": {"k:ey": "false"}}, {}, False),
        ({"StringLike": {"K:EY": "ra?/*"}}, {"k:ey": "raw/x"}, True),
        ({"ForAllValues:StringEquals": {"k:ey": ["a", "b"]}}, {"k:ey": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"k:ey": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k:ey": ["a"]}}, {"k:ey": ["c", "a"]}, True),
        ({"NumericLessThanEquals": {"k:ey": "3600"}}, {"k:ey": "3600"}, True),
        ({"DateLessThan": {"k:ey": "2026-01-01T00:00:00Z"}}, {"k:ey": "2025-12-31T23:00:00Z"}, True),
        ({"IpAddress": {"k:ey": "10.0.0.0/8"}}, {"k:ey": "10.1.2.3"}, True),
        ({"ArnLike": {"k:ey": "arn:aws:iam::*:role/a*"}}, {"k:ey": "arn:aws:iam::1:role/ab"}, True),
        ({"ArnLike": {"k:ey": "arn:aws:*:role/a"}}, {"k:ey": "arn:aws:iam::1:role/a"}, False),
    ],
)
def test_a_condition_decides_by_operator_key_and_value(condition, context, allowed):
    assert decide([document(Condition=condition)], request(**context)).is_allowed is allowed


def test_a_policy_variable_stands_for_the_context_value_without_wildcards():
    grant = document(resource="arn:aws:s3:::lake/${aws:PrincipalTag/team}/*")
    asked = "arn:aws:s3:::lake/blue/x"

    assert decide([grant], request(resource=asked, **{"aws:PrincipalTag/team": "blue"})).is_allowed
    assert not decide([grant], request(resource=asked, **{"aws:PrincipalTag/team": "*"})).is_allowed
    assert not decide([grant], request(resource=asked)).is_allowed


def test_an_unknown_operator_is_named():
    with pytest.raises(ValueError, match="StringEquald"):
        decide([document(Condition={"StringEquald": {"k:ey": "a"}})])


EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOTHING = {"Statement": []}


def by_resource(principal):
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("identity", "principal", "allowed"),
    [
        (EVERYTHING, {"AWS": "arn:aws:iam::123456789012:root"}, True),
        (EVERYTHING, "*", True),
        (NOTHING, "*", False),
        (NOTHING, {"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}, False),
        (EVERYTHING, {"AWS": "arn:aws:iam::999999999999:root"}, False),
    ],
)
def test_across_accounts_both_sides_must_allow(identity, principal, allowed):
    me = ("arn:aws:iam::123456789012:role/r", "arn:aws:sts::123456789012:assumed-role/r/s")
    policies = Policies({"own": identity}, resource=by_resource(principal), crosses_accounts=True)

    assert evaluate(Request(*me, "s3:GetObject", "arn:aws:s3:::theirs/x", {}), policies).is_allowed == allowed


def test_a_resource_policy_that_names_the_session_is_not_capped_by_the_session_policy():
    """Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session."""
    me = ("arn:aws:iam::123456789012:role/r", "arn:aws:sts::123456789012:assumed-role/r/s")
    request = Request(*me, "s3:GetObject", "arn:aws:s3:::own/x", {})

    def may(principal):
        return evaluate(request, Policies({}, resource=by_resource(principal), session=NOTHING)).is_allowed

    assert may({"AWS": me[1]})
    assert not may({"AWS": me[0]})
    assert not may("*")


def test_a_variable_without_a_value_excludes_nothing_and_denies_nothing():
    me = ("arn:aws:iam::123456789012:role/r", "arn:aws:sts::123456789012:assumed-role/r/s")
    own = "arn:aws:s3:::own/${aws:PrincipalTag/team}/*"
    request = Request(*me, "s3:GetObject", "arn:aws:s3:::own/x", {})

    open_allow = {"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": own}]}
    open_deny = {"Statement": [{"Effect": "Deny", "Action": "*", "NotResource": own}]}

    assert not evaluate(request, Policies({"own": open_allow})).is_allowed
    assert evaluate(request, Policies({"own": EVERYTHING, "deny": open_deny})).is_allowed
