import shutil
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
GITHUB = ROOT / ".github"


@pytest.fixture(scope="session")
def workflows():
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted((GITHUB / "workflows").glob("*.yml"))}


@pytest.fixture(scope="session")
def jobs(workflows):
    """Every job, by `workflow.job`."""
    return {f"{name}.{key}": job for name, workflow in workflows.items() for key, job in workflow["jobs"].items()}


@pytest.fixture(scope="session")
def scripts(jobs):
    """The text of every `run:`, ours in the composite action too, by where it stands."""
    action = yaml.safe_load((GITHUB / "actions" / "setup" / "action.yml").read_text())
    steps = {name: job.get("steps", []) for name, job in jobs.items()} | {"setup": action["runs"]["steps"]}
    return {
        f"{name}[{index}]": step["run"]
        for name, own in steps.items()
        for index, step in enumerate(own)
        if "run" in step
    }


@pytest.fixture
def repository(tmp_path):
    """A copy of .github in a repository of its own, to plant faults in."""
    shutil.copytree(GITHUB, tmp_path / ".github")
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.fixture(scope="session")
def tool():
    """A linter of the virtual environment, by its name."""

    def find(name):
        found = shutil.which(name, path=str(Path(sys.prefix) / "bin")) or shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed; it comes with the dependency group dev (make setup)")
        return found

    return find
