"""Run the JSON cases beside this file: a definition and inputs, and what must come of them.

A case has `steps` (and `definition` for other members), and either `error` (text that the refusal must contain), or
`runs`: a list of executions one after the other, each with `parameters`, `ends` (what its jobs' records get), `objects`
(S3 URI to JSON), and what is expected: `status`, `steps` (name to status), `reason`, `jobs` (step to a part of its
job's request), `hits` (steps taken from the cache), `attempts`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.errors import ValidationError
from local_aws.pipeline_engine import records
from tests.compliance.engine import Engine

FOLDER = Path(__file__).parent


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(FOLDER.glob("*.json"))
        if not path.stem.startswith("cloudwatch_")
        for case in json.loads(path.read_text())
    ]


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records.ExecutionRecords, "wait_for_stop", lambda self, seconds: False)
    if "error" in case:
        with pytest.raises(ValidationError) as refusal:
            start(engine, case, case)
        assert case["error"] in refusal.value.message
        return
    create(engine, case)
    for run in case["runs"]:
        check(engine, run, execute(engine, run))


def start(engine: Engine, case: dict[str, Any], run: dict[str, Any]) -> str:
    create(engine, case)
    return engine.start(parameters=run.get("parameters"))


def create(engine: Engine, case: dict[str, Any]) -> None:
    if "text" in case:
        engine.call("CreatePipeline", PipelineName="pipeline", PipelineDefinition=case["text"], RoleArn="role")
    else:
        engine.create(*case.get("steps", []), **case.get("definition", {}))


def execute(engine: Engine, run: dict[str, Any]) -> str:
    engine.apis.ends.update({step: list(ends) for step, ends in run.get("ends", {}).items()})
    engine.apis.objects.update({uri: json.dumps(value) for uri, value in run.get("objects", {}).items()})
    engine.apis.calls.clear()
    arn = engine.start(parameters=run.get("parameters"))
    engine.wait(arn)
    return arn


def check(engine: Engine, run: dict[str, Any], arn: str) -> None:
    execution, steps = engine.wait(arn), engine.steps(arn)
    assert execution["PipelineExecutionStatus"] == run.get("status", "Succeeded"), execution.get("FailureReason")
    assert run.get("reason", "") in execution.get("FailureReason", "")
    if "steps" in run:
        assert {name: step["StepStatus"] for name, step in steps.items()} == run["steps"]
    if "hits" in run:
        assert sorted(name for name, step in steps.items() if "CacheHitResult" in step) == sorted(run["hits"])
    for name, count in run.get("attempts", {}).items():
        assert steps[name]["AttemptCount"] == count
    for name, part in run.get("jobs", {}).items():
        assert part.items() <= request_of(engine, name).items(), request_of(engine, name)


def request_of(engine: Engine, step: str) -> dict[str, Any]:
    return next(
        request
        for _, request in reversed(engine.apis.calls)
        if any(key.endswith("Name") and f"-{step}-" in str(value) for key, value in request.items())
    )


def test_there_are_enough_cases():
    assert len(cases()) >= 60
