"""A local AWS of its own: these tests let its time pass."""

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings


@pytest.fixture(scope="package")
def timed_aws(tmp_path_factory):
    """A running local AWS whose clock tests may advance."""
    with LocalAws(Settings(root=tmp_path_factory.mktemp("timed-aws"))) as aws:
        yield aws


@pytest.fixture
def clock(timed_aws):
    """Its clock."""
    return timed_aws.plane.clock


@pytest.fixture
def cloudwatch(timed_aws):
    """A boto3 client of CloudWatch."""
    return timed_aws.clients("cloudwatch", "us-east-1")
