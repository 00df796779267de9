"""Golden templates and pinned ids. `UPDATE_GOLDEN=1 pytest tests/infra/test_golden.py` writes them anew."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from infra.checks.assembly import Assembly
from infra.checks.stateful import pins, replacements
from infra.settings import STAGES
from tests.infra.synthesis import synthesise

GOLDEN = Path(__file__).with_name("golden")
PINS = GOLDEN / "stateful.json"
UPDATES = os.environ.get("UPDATE_GOLDEN") == "1"
COMMAND = "UPDATE_GOLDEN=1 pytest tests/infra/test_golden.py"
_ASSET_HASH = re.compile(r"[0-9a-f]{64}")


def normalised(template):
    """The template without what changes with the jobs' code: the bundles' hashes, the definition (its own golden)."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::SageMaker::Pipeline":
            resource["Properties"]["PipelineDefinition"] = "…"
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            resource["Properties"]["DefinitionString"] = "… (infra/workflows)"
    return _ASSET_HASH.sub("<hash>", json.dumps(template, indent=1, sort_keys=True, ensure_ascii=False)) + "\n"


def as_written(document):
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def test_templates_are_the_golden_ones(sandbox):
    texts = {f"{name}.json": normalised(template) for name, template in sandbox.templates.items()}
    if UPDATES:
        GOLDEN.mkdir(exist_ok=True)
        for name, text in texts.items():
            (GOLDEN / name).write_text(text)

    changed = [name for name, text in texts.items() if (GOLDEN / name).read_text() != text]
    assert not changed, f"{changed} differ from tests/infra/golden; if that is meant: {COMMAND}"


def test_one_changed_property_differs_from_the_golden_template(sandbox):
    bucket = next(sandbox.resources("AWS::S3::Bucket"))
    bucket.raw["Properties"]["VersioningConfiguration"] = {"Status": "Suspended"}

    assert normalised(sandbox.templates[bucket.stack]) != (GOLDEN / f"{bucket.stack}.json").read_text()


def test_no_golden_template_is_left_over(sandbox):
    assert {path.stem for path in GOLDEN.glob("FlightDelay-*.json")} == set(sandbox.templates)


@pytest.mark.usefixtures("sandbox")
def test_second_synthesis_is_byte_identical(sandbox_folder, tmp_path):
    synthesise(STAGES["sandbox"], tmp_path / "cdk.out")

    first, second = (sorted(folder.glob("*.template.json")) for folder in (sandbox_folder, tmp_path / "cdk.out"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_no_stateful_resource_would_be_replaced(sandbox, prod):
    now = {**pins(sandbox), **pins(prod)}
    if UPDATES:
        PINS.write_text(as_written(now))

    assert not replacements(json.loads(PINS.read_text()), now)


def test_renamed_construct_is_caught_by_the_resources_name(sandbox):
    before = pins(sandbox)
    raw = next(name for name in sandbox.templates["FlightDelay-sandbox-Lake"]["Resources"] if name.startswith("Raw"))

    renamed = Assembly(json.loads(json.dumps(sandbox.templates).replace(f'"{raw}"', '"Landing1234ABCD"')))

    address = f"FlightDelay-sandbox-Lake/{raw}"
    assert replacements(before, pins(renamed)) == [f"{address} would be deleted: its logical id or stack is gone"]


def test_changed_setting_that_would_lose_a_file_system_is_caught_by_its_name(tmp_path):
    stage = replace(STAGES["sandbox"], training_storage="efs")
    before = pins(synthesise(stage, tmp_path / "before"))

    after = pins(synthesise(replace(stage, training_storage="fsx-lustre"), tmp_path / "after"))

    assert any("Storage/TrainingEfs" in problem for problem in replacements(before, after))


def test_changed_replacing_property_is_caught_with_property_and_name(sandbox):
    before = pins(sandbox)
    group = next(sandbox.resources("AWS::SageMaker::ModelPackageGroup"))

    group.raw["Properties"]["ModelPackageGroupName"] = "renamed"

    assert replacements(before, pins(sandbox)) == [f"{group.address} would be replaced: ModelPackageGroupName changed"]
