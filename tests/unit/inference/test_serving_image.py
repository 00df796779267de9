"""The serving image's files. Docker does not run here: what is checked is what they say."""

import json
import re
import sys
from pathlib import Path

import pytest

from scripts import serving_lock

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def instructions():
    """(instruction, arguments) of the Dockerfile, lines joined, comments dropped."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in joined]


def of(instructions, name):
    return [arguments for instruction, arguments in instructions if instruction == name]


def test_every_instruction_is_one_that_docker_knows(instructions):
    known = {"FROM", "COPY", "RUN", "WORKDIR", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}

    assert {name for name, _ in instructions} <= known
    assert instructions[0][0] == "FROM"


def test_the_base_is_pinned_by_its_full_version_and_the_same_in_every_stage(instructions):
    bases = {arguments.split()[0] for arguments in of(instructions, "FROM")}

    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.12\.\d+-slim-bookworm", bases.pop())


def test_the_server_does_not_run_as_root(instructions):
    (user,) = of(instructions, "USER")

    assert int(user) >= 1000
    last = max(place for place, (name, _) in enumerate(instructions) if name == "USER")
    assert not [line for line in instructions[last:] if line[0] in ("COPY", "USER") and line[1] != user]


def test_the_image_starts_the_server_and_understands_serve(instructions):
    assert json.loads(of(instructions, "ENTRYPOINT")[0]) == ["python", "-m", "inference.server"]
    assert json.loads(of(instructions, "CMD")[-1]) == ["serve"]
    assert "SERVER_HOST=0.0.0.0" in of(instructions, "ENV")[0]


def test_the_health_check_asks_ping_and_is_valid_python(instructions):
    (check,) = of(instructions, "HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])

    assert command[:2] == ["python", "-c"]
    assert "/ping" in command[2]
    compile(command[2], "HEALTHCHECK", "exec")


def test_no_installer_and_no_compiler_stay(instructions):
    runs = " ".join(of(instructions, "RUN"))

    assert "pip uninstall --yes pip" in runs
    assert "--only-binary :all:" in runs
    assert "--require-hashes" in runs
    assert "apt-get" not in runs


def test_what_is_copied_exists_and_is_let_through(instructions):
    ignored = (ROOT / ".dockerignore").read_text().split()
    sources = [arguments.split()[0] for arguments in of(instructions, "COPY") if not arguments.startswith("--from")]

    assert ignored[0] == "*"
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored


def test_the_images_packages_are_those_of_the_projects_lock():
    text = (ROOT / "requirements-serving.lock").read_text()

    assert text == serving_lock.serving_lock((ROOT / "requirements.lock").read_text()), (
        f"run {Path(sys.executable).name} scripts/serving_lock.py"
    )
