"""Start a local AWS of the benchmark's own, and a copy of the project to run in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def local_aws(folder: Path) -> Iterator[dict[str, str]]:
    """Start a fresh local AWS below a folder; yield the environment that points clients at it."""
    command = [sys.executable, "-m", "local_aws"]
    root = ["--root", str(folder / "aws")]
    started = subprocess.run([*command, "up", *root], cwd=ROOT, check=True, capture_output=True, text=True)
    pairs = (line.removeprefix("export ").split("=", 1) for line in started.stdout.splitlines())
    try:
        yield os.environ | {name: value.strip("'\"") for name, value in pairs}
    finally:
        subprocess.run([*command, "down", *root], cwd=ROOT, check=True, capture_output=True)


def copy_project(folder: Path) -> Path:
    """Copy the tracked files, as they are in the working tree, so that a run there shares nothing with ours."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    copy = folder / "project"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for tools in (".venv", "node_modules"):
        (copy / tools).symlink_to(ROOT / tools)
    return copy
