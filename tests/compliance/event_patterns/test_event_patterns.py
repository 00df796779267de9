"""Run the JSON cases beside this file: a pattern, and an event with whether it matches, or the refusal.

Each case names the page of the documentation that it follows.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.events import patterns

CASES = json.loads(Path(__file__).with_name("cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    text = json.dumps(case["pattern"])
    if "error" in case:
        with pytest.raises(patterns.InvalidPatternError) as refusal:
            patterns.parse(text)
        assert case["error"] in str(refusal.value)
        return

    assert patterns.matches(patterns.parse(text), case["event"]) == case["matches"]
