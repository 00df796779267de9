"""Run the training script as script mode does: a process in an empty directory with the container's variables."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prepared_data import write_prepared

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The prepare job's output; read only."""
    return write_prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def container(prepared, tmp_path):
    """Make the container's environment: `container(SM_HOSTS=…)`."""

    def make(name="job", **more):
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        return {
            "SM_HOSTS": json.dumps(["algo-1"]),
            "SM_CURRENT_HOST": "algo-1",
            "SM_NUM_CPUS": "1",
            "SM_CHANNEL_TRAIN": str(prepared / "train"),
            "SM_CHANNEL_VALIDATION": str(prepared / "validation"),
            "SM_CHANNEL_SPECIFICATION": str(prepared / "specification"),
            "SM_INPUT_DIR": str(root / "input"),
            "SM_MODEL_DIR": str(root / "model"),
            "SM_OUTPUT_DIR": str(root / "output"),
        } | more

    return make


@pytest.fixture
def start_script(tmp_path):
    """Start `python -m train` on the bundle's layout, as the image's toolkit does."""
    code = tmp_path / "code"
    code.mkdir()
    for package in ("training", "inference", "usecase"):
        (code / package).symlink_to(REPOSITORY / package)
    for script in ("training/entrypoint/train.py", "inference/entrypoint/serve.py"):
        (code / Path(script).name).symlink_to(REPOSITORY / script)
    working_dir = tmp_path / "empty"
    working_dir.mkdir()

    def start(arguments, environment):
        return subprocess.Popen(
            [sys.executable, "-m", "train", *arguments],
            cwd=working_dir,
            env=environment | {"PYTHONPATH": str(code), "PATH": os.defpath, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
