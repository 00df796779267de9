"""AWS's validator (strict), cdk-nag and cfn-lint: nothing is unacknowledged, no acknowledgement is stale."""

import itertools
from dataclasses import replace

import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.acknowledgements import ACKNOWLEDGEMENTS, Acknowledgement, Finding, stale, unacknowledged
from infra.checks.scanners import add_rule_packs, cfn_lint, read_report
from infra.settings import STAGES, Monitoring
from tests.infra.synthesis import synthesise


def scan(folder, *, stage=STAGES["sandbox"], plant=lambda _platform: None, validates=True):
    def prepare(app, platform):
        plant(platform)
        add_rule_packs(app)

    # Findings end synthesis with an error; the report says which.
    try:
        synthesise(stage, folder, prepare=prepare, validates=validates)
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)  # noqa: PT017 - a clean synthesis raises nothing
    return read_report(folder)


VARIANTS = {
    "sandbox": STAGES["sandbox"],
    "all-switches": replace(
        STAGES["prod"],
        training_storage="efs",
        manages_lake_formation=True,
        interface_endpoints=("logs",),
        alarm_email="someone@example.com",
        monitoring=Monitoring(backend="model-monitor", baselines="s3://b/baseline/", evaluation="s3://e/evaluation/"),
    ),
    "lustre": replace(STAGES["sandbox"], training_storage="fsx-lustre"),
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    folders = {name: tmp_path_factory.mktemp(name) / "cdk.out" for name in VARIANTS}
    # AWS's validator takes seconds, and cfn-lint looks at all of them.
    found = [scan(folders[name], stage=stage, validates=name == "sandbox") for name, stage in VARIANTS.items()]
    return [*itertools.chain(*found), *cfn_lint(*folders.values())]


def test_every_finding_is_acknowledged(findings):
    assert "\n".join(str(finding) for finding in unacknowledged(findings)) == ""


def test_no_acknowledgement_is_stale(findings):
    assert "\n".join(str(row) for row in stale(findings)) == ""


def test_every_acknowledgement_has_a_reason_that_says_something():
    assert all(len(row.reason.split()) > 5 for row in ACKNOWLEDGEMENTS)


def test_stale_acknowledgement_is_found(findings):
    gone = Acknowledgement("AwsSolutions-RDS3", "There once was a database.")

    assert list(stale(findings, [*ACKNOWLEDGEMENTS, gone])) == [gone]


def test_planted_faults_are_found_by_rule_packs_and_validator(tmp_path):
    def plant(platform):
        sqs.Queue(platform.training, "Queue")
        bucket = s3.CfnBucket(platform.training, "Bucket")
        bucket.add_property_override("Colour", "red")

    rules = {finding.rule for finding in unacknowledged(scan(tmp_path / "cdk.out", plant=plant))}

    assert {"AwsSolutions-SQS4", "AwsSolutions-S10", "NIST.800.53.R5-S3BucketVersioningEnabled"} <= rules
    assert any(rule.startswith(("E", "F")) for rule in rules), rules


def test_wildcard_of_a_new_role_is_not_covered_by_an_old_reason():
    found = Finding("AwsSolutions-IAM5", "Resource::*", "FlightDelay-sandbox-Network/New/Resource")

    assert unacknowledged([found]) == [found]
