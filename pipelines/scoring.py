"""Have a day's schedule scored by the deployed state machine, and follow it to its end."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.errors import ExecutionFailedError, ResourcesError
from pipelines.names import command_line
from pipelines.platform.outputs import stack_name, stack_outputs
from pipelines.targets import Target

_OUTPUT = "Scoring"
_STEPS = {
    "DescribeEndpoint": "looks for the champion",
    "Prepare": "writes the day's schedule as requests",
    "Score": "has the champion answer them",
}


@dataclass(frozen=True)
class Scored:
    """A day that was scored.

    Attributes:
        flights: How many flights there are.
        model_version: Of the champion that answered.
        predictions: S3 folder of the answers.
        query: SQL for Athena that reads them.
        workgroup: Athena's workgroup.
    """

    day: date
    flights: int
    model_version: str
    predictions: str
    query: str
    workgroup: str


def score(
    target: Target, stage: str, day: date, show: Callable[[str], None], *, sleep: Callable[[float], None] = time.sleep
) -> Scored:
    """Start the state machine for a day and return what it did.

    Raises:
        ResourcesError: The stage has no such state machine.
        ExecutionFailedError: There is no champion, no schedule, or a job failed.
    """
    facts = _facts(target, stage)
    states = target.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=facts["score_machine"], input=json.dumps({"day": day.isoformat()}))
    try:
        execution = _followed(states, arn["executionArn"], show, lambda: sleep(target.poll_seconds))
    except KeyboardInterrupt:
        raise ExecutionFailedError(
            f"no longer following the scoring of {day}; it goes on", hint=f"its execution is {arn['executionArn']}"
        ) from None
    return _result(execution, facts, day)


def _facts(target: Target, stage: str) -> dict[str, str]:
    name = stack_name(stage, "Scoring")
    outputs = stack_outputs(target.client("cloudformation"), name)
    if _OUTPUT not in outputs:
        raise ResourcesError(
            f"the stack {name} is not deployed, or has no output {_OUTPUT!r}",
            hint=f"`{command_line('deploy')}` deploys the platform to the local AWS, --target aws to an account",
        )
    return dict(json.loads(outputs[_OUTPUT]))


def _followed(states: Any, arn: str, show: Callable[[str], None], pause: Callable[[], None]) -> dict[str, Any]:
    shown: set[str] = set()
    while True:
        execution: dict[str, Any] = states.describe_execution(executionArn=arn)
        for name in _entered(states, arn):
            if name in _STEPS and name not in shown:
                shown.add(name)
                show(_STEPS[name])
        if execution["status"] != "RUNNING":
            return execution
        pause()


def _entered(states: Any, arn: str) -> Iterator[str]:
    for page in states.get_paginator("get_execution_history").paginate(executionArn=arn):
        for event in page["events"]:
            if event["type"].endswith("StateEntered"):
                yield str(event["stateEnteredEventDetails"]["name"])


def _result(execution: dict[str, Any], facts: dict[str, str], day: date) -> Scored:
    if execution["status"] != "SUCCEEDED":
        cause = execution.get("cause") or "no cause was given"
        raise ExecutionFailedError(
            f"the scoring of {day} ended as {execution['status']}: {execution.get('error', '')} {cause}",
            hint="docs/how-to/score.md says what to do; the raw zone is landed by "
            f"`{command_line('upload-data')}`, the execution is {execution['executionArn']}",
        )
    output = json.loads(execution["output"])
    if output["outcome"] == "no champion":
        raise ExecutionFailedError(
            output["reason"],
            hint=f"`{command_line('run')}` registers a model, `{command_line('approve')}` releases it",
        )
    if output["outcome"] != "scored":
        raise ExecutionFailedError(
            f"{day}: {output['reason'][0].lower()}{output['reason'][1:]}",
            hint="the use case's own data is the year 2013; "
            f"`{command_line('upload-data')}` lands it, --day 2013-12-05 scores a day of it",
        )
    query = (
        "SELECT flight_id, sagemakeroutput.probability, sagemakeroutput.label, sagemakeroutput.model_version\n"
        f"FROM {facts['database']}.{facts['table']}\n"
        f"WHERE \"date\" = '{day}'\n"
        "ORDER BY sagemakeroutput.probability DESC"
    )
    return Scored(day, output["flights"], output["model_version"], output["predictions"], query, facts["workgroup"])
