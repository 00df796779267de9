import json
import subprocess

import pytest


@pytest.fixture
def actionlint(tool):
    def run(folder):
        command = [tool("actionlint"), "-format", "{{json .}}", "-shellcheck", tool("shellcheck"), "-pyflakes="]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1}, done.stderr
        return [f"{item['filepath']}:{item['line']} {item['message']}" for item in json.loads(done.stdout or "[]")]

    return run


@pytest.fixture
def zizmor(tool):
    def run(folder):
        command = [
            tool("zizmor"),
            "--offline",
            "--quiet",
            "--persona=auditor",
            "--strict-collection",
            "--format=json-v1",
        ]
        done = subprocess.run([*command, ".github"], cwd=folder, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return [f"{item['ident']}: {item['desc']}" for item in json.loads(done.stdout)]

    return run


def plant(repository, workflow, old, new):
    path = repository / ".github" / "workflows" / f"{workflow}.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_actionlint_finds_nothing(repository, actionlint):
    assert actionlint(repository) == []


def test_zizmor_finds_nothing_even_as_an_auditor(repository, zizmor):
    assert zizmor(repository) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("on:\n", "on:\n  pusher:\n", "unknown Webhook event"),
        ("id-token: write", "id-tokens: write", "unknown permission scope"),
        ("python-version:", "python:", "is not defined in action"),
        ("needs: ci", "needs: tests", "does not exist"),
        ("run: make deploy", "run: cd $UNQUOTED && make deploy", "SC2086"),
    ],
)
def test_actionlint_catches_a_planted_fault(repository, actionlint, old, new, complaint):
    plant(repository, "deploy", old, new)
    assert any(complaint in finding for finding in actionlint(repository))


@pytest.mark.parametrize(
    ("audit", "workflow", "fault"),
    [
        ("unpinned-uses", "deploy", ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7")),
        ("artipacked", "deploy", ("persist-credentials: false", "persist-credentials: true")),
        ("dangerous-triggers", "plan", ("on:\n  pull_request:", "on:\n  pull_request_target:")),
        ("excessive-permissions", "ci", ("permissions: {}", "permissions: write-all")),
        ("template-injection", "teardown", ("$CONFIRMATION", "${{ inputs.confirmation }}")),
    ],
)
def test_zizmor_catches_a_planted_fault(repository, zizmor, audit, workflow, fault):
    plant(repository, workflow, *fault)
    assert any(finding.startswith(f"{audit}:") for finding in zizmor(repository))
