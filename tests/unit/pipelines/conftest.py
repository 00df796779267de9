"""Give tests the definition without the SDK: the golden file is what `test_definition` builds and compares."""

import json
import sys
from pathlib import Path

import pytest

# Tests are no package (an installed distribution may own the name `tests`): the fakes are found by their folder.
sys.path.insert(0, str(Path(__file__).parent))
GOLDEN = Path(__file__).parent / "golden" / "definition.json"


@pytest.fixture
def definition():
    """The pipeline's definition, a fresh copy for each test to damage."""
    return json.loads(GOLDEN.read_text())


@pytest.fixture
def steps(definition):
    """The definition's steps by name, branches included; changing one changes `definition`."""
    gate = definition["Steps"][-1]["Arguments"]
    found = [*definition["Steps"], *gate["IfSteps"], *gate["ElseSteps"]]
    return {step["Name"]: step for step in found}
