"""Policy mutation: every grant of every role is needed by a recorded call, every limit is guarded by a denied request.

What survives a mutation stands, with its reason and a source, in infra/granted_but_never_used.toml (dropped grants) or
in infra/unguarded_limits.toml (widened limits); a reason that explains nothing any more fails as well.
"""

from dataclasses import replace

import pytest

from local_aws.iam.evaluator import Policies, evaluate
from local_aws.iam.findings import read_reasons, review
from local_aws.iam.mutation import survivors
from tests.infra.policy_cases import DENIED, HOW_TO_RECORD, ROOT, PolicyCases

UNUSED, UNGUARDED = ROOT / "infra" / "granted_but_never_used.toml", ROOT / "infra" / "unguarded_limits.toml"


@pytest.fixture(scope="module")
def cases(synthesised):
    return PolicyCases(synthesised)


@pytest.fixture(scope="module")
def found(cases):
    return survivors(cases.recorded(), [case for _, case in cases.denied()])


def asked(case):
    return f"{case.request.principal_arn.rpartition('/')[2]}: {case.request.action} on {case.request.resource}"


def test_what_the_last_recorded_run_called_is_still_allowed(cases):
    lost = [asked(case) for case in cases.recorded() if not evaluate(case.request, case.policies).is_allowed]

    assert lost == [], f"a grant that the work needs is gone; if the work changed, record it: {HOW_TO_RECORD}"


def test_each_role_denies_by_its_own_policies_what_must_be_denied(cases):
    passed = [
        f"{asked(case)} ({why})"
        for why, case in cases.denied()
        if evaluate(case.request, Policies(case.policies.identity)).is_allowed
    ]

    assert passed == []


def test_each_role_has_requests_that_must_be_denied(cases):
    guarded = {case.request.principal_arn for _, case in cases.denied()}
    bare = [name for name, role in cases.roles.items() if role.identity and role.arn not in guarded]

    assert bare == [], f"add [[denied]] tables for these roles to {DENIED.relative_to(ROOT)}; its head says how"


def test_each_entry_of_denied_requests_is_about_something(cases):
    idle = [entry["why"] for entry in cases.entries() if not cases.calls_of(entry)]

    assert idle == [], "no role of that name, or no recorded call to change: give `resource`, or remove the entry"


def test_no_grant_can_be_dropped_unnoticed(found):
    reasons = [replace(reason, kind="drop") for reason in read_reasons(UNUSED)]

    problems = review([item for item in found if item.kind == "drop"], reasons)

    assert not str(problems), (
        f"\n{problems}\nA grant that no recorded call needs: remove it from infra/, or give a reason in "
        f"{UNUSED.relative_to(ROOT)}, or, if the work calls it by now, record it: {HOW_TO_RECORD}"
    )


def test_no_limit_can_be_widened_unnoticed(found):
    problems = review([item for item in found if item.kind == "widen"], read_reasons(UNGUARDED))

    assert not str(problems), (
        f"\n{problems}\nA limit that could go without any test failing: add a request that it must deny to "
        f"{DENIED.relative_to(ROOT)}, or give a reason in {UNGUARDED.relative_to(ROOT)}"
    )


def test_a_grant_and_a_limit_nobody_thought_of_are_named(sandbox):
    (policy,) = (p for p in sandbox.resources("AWS::IAM::ManagedPolicy") if "PermissionsTraining" in p.logical_id)
    statements = policy.raw["Properties"]["PolicyDocument"]["Statement"]
    own = {"Sid": "Planted", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:1:q"}
    statements.append({**own, "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}})
    cases = PolicyCases(sandbox)

    planted = survivors(cases.recorded(), [case for _, case in cases.denied()])

    assert [(item.kind, item.what) for item in planted if item.statement == "Planted"] == [
        ("drop", "sqs:SendMessage"),
        ("widen", "Condition StringEquals aws:RequestedRegion"),
        ("widen", "Resource"),
        ("widen", "Resource arn:aws:sqs:us-east-1:1:q"),
    ]
