"""Conditional writes of S3 through boto3: what locks are built on."""

import time
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from moto.s3.models import S3Backend

_WRITERS = 6


def _put(s3, bucket, key, **condition):
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", **condition)
    except ClientError as err:
        return err.response["Error"]["Code"], err.response["ResponseMetadata"]["HTTPStatusCode"]
    return "written"


def test_an_object_that_must_not_exist_is_written_once(client, bucket):
    s3 = client("s3")
    answers = [_put(s3, bucket, "lock", IfNoneMatch="*") for _ in range(2)]
    assert answers == ["written", ("PreconditionFailed", 412)]
    s3.delete_object(Bucket=bucket, Key="lock")
    assert _put(s3, bucket, "lock", IfNoneMatch="*") == "written"


def test_of_writers_at_the_same_time_one_wins(client, bucket, monkeypatch):
    """Every writer is given the time to look before any of them writes."""
    s3, write = client("s3"), S3Backend.put_object

    def late(*arguments, **options):
        time.sleep(0.05)
        return write(*arguments, **options)

    monkeypatch.setattr(S3Backend, "put_object", late)
    with ThreadPoolExecutor(_WRITERS) as pool:
        answers = list(pool.map(lambda _: _put(s3, bucket, "lock", IfNoneMatch="*"), range(_WRITERS)))
    assert answers.count("written") == 1
    assert answers.count(("PreconditionFailed", 412)) == _WRITERS - 1
