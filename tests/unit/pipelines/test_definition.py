import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden" / "definition.json"
CODE = ("pipelines", "usecase", "processing", "training", "inference")

# Builds three definitions in one process, because the SDK's import takes seconds, with every socket refused.
BUILD = """
import dataclasses, json, os, socket, sys

def refuse(*arguments, **keywords):
    raise AssertionError(f"the build opened a connection: {arguments[1:]}")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse

from pipelines.bundle import CodeLocation, CodeLocations, build_bundles
from pipelines.definition import build, canonical_json, render
from pipelines.resources import Buckets, Keys, Network, Resources, Roles
from pipelines.settings import Settings

def token(number):
    return "${Token[TOKEN.%d]}" % number

def code(bucket):
    return CodeLocations(
        CodeLocation(f"s3://{bucket}/code/processing/{'ab' * 32}/processing.pyz", "processing.pyz"),
        CodeLocation(f"s3://{bucket}/code/training/{'cd' * 32}/sourcedir.tar.gz", "sourcedir.tar.gz"),
    )

example = Resources.example()
tokens = Resources(
    region=token(1), account=token(2), image=token(3), buckets=Buckets(token(4), token(5), token(6)),
    keys=Keys(token(7), token(8)), roles=Roles(token(9), token(10), token(11), token(12)),
    network=Network((token(13), token(14)), (token(15),)), model_package_group=token(16),
)
before = dict(os.environ)
result = {
    "golden": canonical_json(build(example, code(example.buckets.artifacts), Settings())),
    "again": canonical_json(build(example, code(example.buckets.artifacts), Settings())),
    "tokens": canonical_json(build(tokens, code(token(6)), Settings())),
    "full": canonical_json(build(example, code(example.buckets.artifacts), Settings.of_budget("full"))),
    "rendered": render(example, build_bundles(), Settings()),
    "environment_restored": dict(os.environ) == before,
}
sys.__stdout__.write(json.dumps(result))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AWS_PROFILE": "missing"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD], env=environment, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_definition_is_the_reviewed_one(built):
    """Run with UPDATE_GOLDEN=1 to accept a change of the definition; the difference shows in the review."""
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(built["golden"])

    assert built["golden"] == GOLDEN.read_text()


def test_building_twice_in_one_process_gives_the_same_bytes(built):
    assert built["again"] == built["golden"]


def test_building_leaves_the_environment_as_it_was(built):
    assert built["environment_restored"]


def test_tokens_may_stand_anywhere(built):
    definition = json.loads(built["tokens"])

    prepare = definition["Steps"][0]["Arguments"]
    assert prepare["RoleArn"] == "${Token[TOKEN.10]}"
    assert prepare["AppSpecification"]["ImageUri"] == "${Token[TOKEN.3]}"
    assert definition["Parameters"][0]["DefaultValue"] == "s3://${Token[TOKEN.4]}/nycflights13"
    assert "opaque-" not in built["tokens"]
    assert "123456789012" not in built["tokens"]


def test_the_budget_changes_the_search_and_the_refit_and_nothing_else(built):
    default, full = (json.loads(built[name]) for name in ("golden", "full"))
    searches_and_refits = [definition["Steps"][1:3] for definition in (default, full)]

    for default_step, full_step in zip(*searches_and_refits, strict=True):
        assert full_step["Arguments"] != default_step["Arguments"]
    del full["Steps"][1:3], default["Steps"][1:3]
    assert full == default


def test_another_clone_renders_the_same_bytes(built, tmp_path):
    """Other folder, process, hash seed, time zone, file modes and times, region; no credentials."""
    for folder in CODE:
        shutil.copytree(ROOT / folder, tmp_path / "clone" / folder, copy_function=shutil.copyfile)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Kathmandu",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }

    command = [sys.executable, "-m", "pipelines", "render"]
    done = subprocess.run(command, env=environment, cwd=tmp_path / "clone", capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == built["rendered"]
