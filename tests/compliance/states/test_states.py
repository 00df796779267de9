"""Run the JSON cases beside this file: the states of a machine, and what must come of them.

A case has `states` (it starts at the first), `input`, `answers` (what the called service answers in turn: a response or
an `error` code), and what is expected: `output`, or `error` and `cause`; `calls`, `requests`, and the local `seconds`
that were waited; or `refused`, a part of the definition's problems. Each names the page that it follows.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.step_functions import definition
from tests.compliance.states.engine import Engine

CASES = json.loads(Path(__file__).with_name("cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[f"{number} {case['name']}" for number, case in enumerate(CASES)])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    states = case["states"]
    _, problems = definition.check(json.dumps({"StartAt": next(iter(states)), "States": states}))
    if "refused" in case:
        assert case["refused"] in ", ".join(map(str, problems))
        return
    assert problems == []
    engine = Engine(tmp_path, case.get("answers", []))

    record, seconds = engine.run(states, case["input"])

    check(case, record)
    assert len(engine.answers.requests) == case.get("calls", len(engine.answers.requests))
    assert engine.answers.requests == case.get("requests", engine.answers.requests)
    assert seconds == pytest.approx(case.get("seconds", seconds), abs=0.9)


def check(case: dict[str, Any], record: dict[str, Any]) -> None:
    if "error" in case:
        assert (record["status"], record.get("error")) == ("FAILED", case["error"]), record.get("cause")
        assert record.get("cause", "") == case.get("cause", record.get("cause", ""))
        return
    assert record["status"] == "SUCCEEDED", (record.get("error"), record.get("cause"))
    assert json.loads(record["output"]) == case["output"]
