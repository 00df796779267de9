import copy

import pytest

pytest.importorskip("aws_cdk", reason="the dependency group `infra` is not installed")

from infra.checks.assembly import Assembly
from infra.settings import STAGES
from tests.infra.synthesis import synthesise


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write tests/infra/golden/ anew")


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox") / "cdk.out"


@pytest.fixture(scope="session")
def _sandbox(sandbox_folder):
    return synthesise(STAGES["sandbox"], sandbox_folder)


@pytest.fixture(scope="session")
def prod(tmp_path_factory):
    return synthesise(STAGES["prod"], tmp_path_factory.mktemp("prod") / "cdk.out")


@pytest.fixture
def sandbox(_sandbox):
    """The sandbox's templates; a copy, so that a test may plant a fault."""
    return Assembly(copy.deepcopy(_sandbox.templates))
