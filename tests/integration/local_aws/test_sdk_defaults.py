"""The SageMaker SDK finds its default bucket in the local AWS, and asks no other address for it."""

import boto3
import pytest


def test_the_default_bucket_of_the_sdk_is_made_in_the_local_aws(local_aws, client, monkeypatch: pytest.MonkeyPatch):
    session_helper = pytest.importorskip("sagemaker.core.helper.session_helper")
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)

    session = session_helper.Session(boto_session=boto3.Session())

    bucket = session.default_bucket()
    assert bucket == "sagemaker-us-east-1-123456789012"
    assert bucket in [found["Name"] for found in client("s3").list_buckets()["Buckets"]]
