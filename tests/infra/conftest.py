import copy

import pytest

from infra.checks.assembly import Assembly
from infra.settings import STAGES
from tests.infra.synthesis import synthesise


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox") / "cdk.out"


@pytest.fixture(scope="session")
def synthesised(sandbox_folder):
    return synthesise(STAGES["sandbox"], sandbox_folder)


@pytest.fixture(scope="session")
def prod(tmp_path_factory):
    return synthesise(STAGES["prod"], tmp_path_factory.mktemp("prod") / "cdk.out")


@pytest.fixture
def sandbox(synthesised):
    """The sandbox's templates; a copy, so that a test may plant a fault."""
    return Assembly(copy.deepcopy(synthesised.templates))
