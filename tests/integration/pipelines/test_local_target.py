"""The pipeline's tools against a running local AWS."""

import json
from datetime import UTC, datetime

import boto3
import pytest

from pipelines import raw_zone
from pipelines.approval import decide
from pipelines.bundle import Bundle, upload_bundle
from pipelines.errors import ExecutionFailedError, PipelineError, UsageError
from pipelines.executions import Executions
from pipelines.following import follow, refuse_failure
from pipelines.run_folder import new_run_folder, write_run
from pipelines.s3_uri import download_folder, fingerprint
from pipelines.sandbox import ensure_sandbox
from pipelines.targets import Target


@pytest.fixture(scope="module")
def target(local_aws):
    session = boto3.Session("test", "test", region_name="us-east-1")
    url = local_aws.endpoint_url
    return Target("local", session, lambda: ensure_sandbox(session, url), endpoint_url=url, poll_seconds=0.02)


def test_making_the_sandbox_twice_makes_it_once(target, local_aws):
    session = boto3.Session("test", "test", region_name="us-east-1")

    assert ensure_sandbox(session, local_aws.endpoint_url) == target.resources


def test_the_zones_are_encrypted_versioned_and_closed(target):
    s3, resources = target.client("s3"), target.resources

    for bucket, key in (
        (resources.buckets.raw, resources.keys.data),
        (resources.buckets.curated, resources.keys.data),
        (resources.buckets.artifacts, resources.keys.model),
    ):
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())


def test_the_jobs_have_subnets_in_two_zones(target):
    subnets = target.client("ec2").describe_subnets(SubnetIds=list(target.resources.network.subnets))["Subnets"]

    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2


def test_there_is_no_champion_before_the_first_release(target):
    uri = f"s3://{target.resources.buckets.artifacts}/champion"

    assert fingerprint(target.client("s3"), uri) is not None


def test_raw_data_that_lies_there_unchanged_is_not_uploaded_again(target, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(raw_zone, "_landed", lambda: tmp_path)
    (tmp_path / "planes").mkdir()
    for name in ("a", "b"):
        (tmp_path / "planes" / name).write_text(name)
    s3, uri = target.client("s3"), f"s3://{bucket}/raw"

    first = raw_zone.upload_raw_data(s3, uri)
    (tmp_path / "planes" / "b").write_text("changed")
    second = raw_zone.upload_raw_data(s3, uri)

    assert (first.files, first.uploaded) == (2, 2)
    assert (second.files, second.uploaded) == (2, 1)


def test_the_fingerprint_of_a_folder_changes_with_its_content_only(target, bucket):
    s3, uri = target.client("s3"), f"s3://{bucket}/data"
    s3.put_object(Bucket=bucket, Key="data/x", Body=b"one")
    before = fingerprint(s3, uri)
    s3.put_object(Bucket=bucket, Key="data-of-others/x", Body=b"one")
    neighbour = fingerprint(s3, uri)
    s3.put_object(Bucket=bucket, Key="data/x", Body=b"two")

    assert neighbour == before
    assert fingerprint(s3, uri) != before
    assert fingerprint(s3, f"s3://{bucket}/nothing") is None


def test_a_missing_bucket_is_named(target):
    with pytest.raises(PipelineError, match="s3://no-such-bucket/x: cannot be listed"):
        fingerprint(target.client("s3"), "s3://no-such-bucket/x")


def test_downloading_keeps_to_the_folder(target, bucket, tmp_path):
    s3 = target.client("s3")
    for key in ("out/a/b.txt", "out/../evil.txt", "output/c.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    download_folder(s3, f"s3://{bucket}/out", tmp_path / "in")

    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.txt")] == ["in/a/b.txt"]


def test_code_is_uploaded_once_and_encrypted(target, bucket):
    s3, key = target.client("s3"), target.resources.keys.model
    bundle = Bundle("processing", "processing.pyz", "0" * 64, b"code")

    assert upload_bundle(s3, bucket, bundle, key)
    assert not upload_bundle(s3, bucket, bundle, key)
    assert s3.head_object(Bucket=bucket, Key=bundle.key)["SSEKMSKeyId"] == key


def gate(passes):
    return {
        "Version": "2020-12-01",
        "Parameters": [],
        "Steps": [
            {
                "Name": "Gate",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [{"Type": "Equals", "LeftValue": passes, "RightValue": True}],
                    "IfSteps": [],
                    "ElseSteps": [
                        {"Name": "Refused", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}
                    ],
                },
            }
        ],
    }


@pytest.fixture
def run_gate(target, unique):
    def run(*, passes):
        name, sagemaker = unique("gate"), target.client("sagemaker")
        role = target.resources.roles.pipeline
        sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=json.dumps(gate(passes)), RoleArn=role, ClientRequestToken="t" * 32
        )
        arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        assert Executions(sagemaker, name).resolve(None) == arn
        return follow(target, arn)

    return run


def test_following_an_execution_that_succeeds(run_gate, capsys):
    state = run_gate(passes=True)

    refuse_failure(state)
    assert "Gate" in capsys.readouterr().out


def test_following_an_execution_that_fails_tells_why(run_gate):
    state = run_gate(passes=False)

    with pytest.raises(ExecutionFailedError, match="step Refused ended the execution as Failed: not good enough"):
        refuse_failure(state)


def test_a_failed_execution_leaves_a_summary(run_gate, target, tmp_path):
    folder = new_run_folder(datetime.now(UTC), tmp_path)

    summary = write_run(target, run_gate(passes=False), folder, budget="default", seconds_total=1.0)

    assert summary["status"] == "Failed"
    assert "not good enough" in summary["failure_reason"]
    assert [step["name"] for step in summary["steps"]] == ["Gate", "Refused"]


def test_the_newest_package_is_approved_and_keeps_what_it_had(target):
    sagemaker, group = target.client("sagemaker"), target.resources.model_package_group
    for version in ("1", "2"):
        sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties={"version": version},
        )

    package = decide(target, None, "Approved", "looks good")

    assert package["CustomerMetadataProperties"] == {"version": "2"}
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "looks good")


def test_an_unknown_package_is_a_usage_error(target):
    with pytest.raises(UsageError, match="no model package 4711"):
        decide(target, "4711", "Approved", None)
