"""Every statement does what it says; each kind of mistake is caught."""

import os
from dataclasses import replace

import pytest

from infra.checks import iam_lint
from infra.checks.policies import identity_documents
from infra.settings import STAGES
from tests.infra.synthesis import synthesise

MISSING = f"{iam_lint.REFERENCE} is missing: `make setup` installs the IAM service reference into node_modules"


@pytest.fixture(autouse=True)
def reference():
    """A gate that is skipped is no gate: in CI, and wherever `make setup` ran, a missing reference is a failure."""
    if not iam_lint.REFERENCE.is_dir():
        if os.environ.get("CI") or (iam_lint.REFERENCE.parents[3] / ".venv" / ".ready").exists():
            pytest.fail(MISSING)
        pytest.skip(MISSING)


JOBS = "arn:aws:sagemaker:us-east-1:123456789012:training-job/*"


def problems_of(**statement):
    document = {"Statement": [{"Sid": "Planted", "Effect": "Allow", **statement}]}
    return [finding.problem for finding in iam_lint.lint("planted", document)]


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"training_storage": "efs", "manages_lake_formation": True, "interface_endpoints": ("logs",)},
        {"training_storage": "fsx-lustre", "retraining_schedule": "rate(7 days)"},
    ],
    ids=lambda switches: "-".join(switches) or "defaults",
)
def test_no_statement_has_a_finding_whatever_is_switched_on(switches, tmp_path):
    assembly = synthesise(replace(STAGES["sandbox"], **switches), tmp_path / "cdk.out")

    findings = [
        str(f) for name, document in identity_documents(assembly).items() for f in iam_lint.lint(name, document)
    ]

    assert findings == []


def test_wildcard_action_is_found():
    assert any("wildcard action s3:Get*" in p for p in problems_of(Action="s3:Get*", Resource="*"))


def test_unknown_action_is_found():
    assert problems_of(Action="sagemaker:StartPipeline", Resource="*") == [
        "unknown action sagemaker:StartPipeline",
        "dead ARN *: no action of the statement applies to it",
    ]


def test_dead_arn_is_found():
    group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/flight-delay"
    package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flight-delay/*"

    found = problems_of(Action="sagemaker:CreateModelPackage", Resource=[group, package])

    assert found == [f"dead ARN {group}: no action of the statement applies to it"]


def test_bucket_arn_does_not_reach_its_objects():
    assert problems_of(Action="s3:GetObject", Resource="arn:aws:s3:::raw") == [
        "s3:GetObject applies to none of the statement's resources",
        "dead ARN arn:aws:s3:::raw: no action of the statement applies to it",
    ]


def test_deprecated_condition_key_is_found():
    condition = {"ArnEquals": {"sagemaker:VolumeKmsKey": "arn:aws:kms:us-east-1:123456789012:key/1"}}

    (problem,) = problems_of(Action="sagemaker:CreateTrainingJob", Resource=JOBS, Condition=condition)

    assert problem == "sagemaker:CreateTrainingJob never receives the condition key sagemaker:VolumeKmsKey"


def test_condition_key_of_another_action_is_found():
    condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

    (problem,) = problems_of(Action="kms:DescribeKey", Resource="*", Condition=condition)

    assert problem == "kms:DescribeKey never receives the condition key kms:GrantIsForAWSResource"


def test_action_without_resource_level_on_an_arn_is_found():
    arn = "arn:aws:ecr:us-east-1:123456789012:repository/x"

    assert problems_of(Action="ecr:GetAuthorizationToken", Resource=arn)[0] == (
        "ecr:GetAuthorizationToken has no resource level: it needs Resource *"
    )
