import os

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.iam.platform_fixture import make_platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory):
    """A platform in a local AWS that enforces IAM."""
    settings = Settings(root=tmp_path_factory.mktemp("enforcing"), stop_grace_seconds=1, iam="enforce")
    with LocalAws(settings) as aws:
        yield make_platform(aws, f"iam-{os.getpid()}")


@pytest.fixture
def usage(platform):
    """Start with nothing recorded; return the report's function."""
    platform.aws.guard.answer("DELETE")
    return lambda: platform.aws.guard.answer("GET")
