"""Measure `make up` to the first answered API call."""

import time
from collections.abc import Iterator
from pathlib import Path

import boto3

from benchmarks.local_server import local_aws
from benchmarks.measurement import Measurement

BOUND_SECONDS = 3.0


def measure(folder: Path) -> Iterator[Measurement]:
    """Start a local AWS and ask it for its buckets; the client is made before the clock starts."""
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    boto3.client("s3", **credentials)
    started = time.perf_counter()
    with local_aws(folder) as environment:
        boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"], **credentials).list_buckets()
        yield Measurement(
            "up to the first answered call", time.perf_counter() - started, "s", BOUND_SECONDS, "the issue's bound"
        )
