"""Fixtures that every test may use: one local AWS per test session, on a free port."""

import itertools
import os

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory):
    """A running local AWS; isolate tests by unique names."""
    with LocalAws(Settings(root=tmp_path_factory.mktemp("local-aws"), stop_grace_seconds=1)) as aws:
        yield aws


@pytest.fixture
def client(local_aws):
    """Make a boto3 client of the local AWS: `client("s3")`."""
    return lambda service: local_aws.clients(service, local_aws.settings.region)


@pytest.fixture
def unique():
    """Make a name that no other test has: `unique("job")` → `job-4711-1`."""
    return lambda prefix: f"{prefix}-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
def bucket(client, unique):
    """A new empty bucket."""
    name = unique("bucket")
    client("s3").create_bucket(Bucket=name)
    return name
