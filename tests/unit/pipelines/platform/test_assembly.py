import json

import pytest

from pipelines.platform import assembly
from pipelines.platform.assembly import Assembly, synthesise
from pipelines.platform.deployment import is_current

_TEMPLATE = {"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}


def write(folder):
    folder.mkdir(parents=True)
    properties = {"templateFile": "S.template.json", "stackName": "A-Stack", "requiresBootstrapStackVersion": 6}
    artifacts = {
        "S": {"type": "aws:cloudformation:stack", "properties": properties},
        "S.assets": {"type": "cdk:asset-manifest", "properties": {"file": "S.assets.json"}},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (folder / "S.template.json").write_text(json.dumps(_TEMPLATE))
    return Assembly(folder)


@pytest.fixture
def syntheses(monkeypatch, tmp_path):
    """Count syntheses; the sources are one file."""
    made = []

    class FakeCdk:
        def __init__(self, *arguments):
            pass

        def run(self, *arguments):
            made.append(arguments)
            write(tmp_path / "out")

    source = tmp_path / "app.py"
    source.write_text("one")
    monkeypatch.setattr(assembly, "Cdk", FakeCdk)
    monkeypatch.setattr(assembly, "ROOT", tmp_path)
    monkeypatch.setattr(assembly, "_sources", lambda: iter([source]))
    return made


def test_an_assembly_names_its_stacks_and_what_they_need(tmp_path):
    found = write(tmp_path / "out")

    assert found.stacks == ("A-Stack",)
    assert found.bootstrap_version == 6
    assert found.template("A-Stack") == _TEMPLATE


def test_nothing_is_synthesised_again_until_a_source_changes(syntheses, tmp_path):
    folder = tmp_path / "out"

    for _ in range(2):
        assert synthesise("sandbox", "default", folder=folder).stacks == ("A-Stack",)
    assert len(syntheses) == 1
    (tmp_path / "app.py").write_text("two")
    synthesise("sandbox", "default", folder=folder)
    assert len(syntheses) == 2
    synthesise("sandbox", "full", folder=folder)
    assert "budget=full" in syntheses[2]


class CloudFormation:
    def __init__(self, status, body):
        self._status, self._body = status, body

    def describe_stacks(self, StackName):
        return {"Stacks": [{"StackName": StackName, "StackStatus": self._status}]}

    def get_template(self, StackName, TemplateStage):
        return {"TemplateBody": self._body}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        ("CREATE_COMPLETE", _TEMPLATE, True),
        ("UPDATE_COMPLETE", "Resources:\n  A:\n    Type: AWS::S3::Bucket\n", True),
        ("UPDATE_ROLLBACK_COMPLETE", _TEMPLATE, False),
        ("CREATE_COMPLETE", {"Resources": {}}, False),
    ],
)
def test_only_a_whole_stack_with_this_very_template_is_current(tmp_path, status, body, expected):
    assert is_current(CloudFormation(status, body), write(tmp_path / "out")) is expected
