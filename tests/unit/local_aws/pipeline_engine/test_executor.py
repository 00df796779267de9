"""Executions on fake APIs: order, outcomes, failures."""

from typing import Any

import pytest


def job(
    name: str, *, step_type: str = "Processing", arguments: dict[str, Any] | None = None, **members: Any
) -> dict[str, Any]:
    return {"Name": name, "Type": step_type, "Arguments": arguments or {}, **members}


def greater(left: Any, right: Any) -> dict[str, Any]:
    return {"Type": "GreaterThan", "LeftValue": left, "RightValue": right}


def condition(name: str, conditions: list[Any], then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    return job(
        name, step_type="Condition", arguments={"Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise}
    )


def test_processing_condition_fail(engine):
    fail = job("Refused", step_type="Fail", arguments={"ErrorMessage": "too low"})
    engine.create(
        job("Prepare"), condition("Gate", [greater(1, 2)], [job("Register")], [fail]) | {"DependsOn": ["Prepare"]}
    )

    execution, steps = engine.run()

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed. [Refused] too low"
    assert {name: step["StepStatus"] for name, step in steps.items()} == {
        "Prepare": "Succeeded",
        "Gate": "Succeeded",
        "Refused": "Failed",
    }
    assert steps["Gate"]["Metadata"] == {"Condition": {"Outcome": "False"}}
