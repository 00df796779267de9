"""A small served model with its baselines, made once by the jobs that make them."""

import shutil
from pathlib import Path

import pytest

from tests.monitored_days import MonitoredVariant, write_baselines


@pytest.fixture(scope="session")
def served_baselines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    write_baselines(root)
    return root


@pytest.fixture
def variant(served_baselines: Path, tmp_path: Path) -> MonitoredVariant:
    """A variant without traffic; a test may change its files."""
    for name in ("model", "baseline", "evaluation"):
        shutil.copytree(served_baselines / name, tmp_path / name)
    return MonitoredVariant(tmp_path)
