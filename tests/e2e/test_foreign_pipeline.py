"""A stranger's boto3 program runs against `python -m local_aws up`, with the endpoint URL as its only tie to us."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parent / "foreign" / "run.py"


def exports(text: str) -> dict[str, str]:
    pairs = (line.removeprefix("export ").split("=", 1) for line in text.splitlines())
    return {name: value.strip("'\"") for name, value in pairs}


@pytest.fixture
def endpoint(tmp_path):
    command = [sys.executable, "-m", "local_aws"]
    root = ["--root", str(tmp_path / "aws")]
    started = subprocess.run([*command, "up", *root], check=True, capture_output=True, text=True)
    yield exports(started.stdout)
    subprocess.run([*command, "down", *root], check=True, capture_output=True)


def test_a_strangers_pipeline_and_plain_jobs_execute(endpoint, tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **endpoint}

    ended = subprocess.run(
        [sys.executable, PROGRAM], check=False, capture_output=True, text=True, env=environment, cwd=tmp_path
    )

    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["passed"]["status"] == "Succeeded", result
    assert result["passed"]["steps"]["Register"] == "Succeeded"
    assert result["failed"]["status"] == "Failed"
    assert "is too low" in result["failed"]["reasons"]["TooWeak"]
    assert result["packages"] == 1
    assert result["plain"] == {
        "processing": "Completed",
        "training": "Completed",
        "metrics": {"rows": 900.0},
        "reason": None,
    }
