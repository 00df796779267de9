"""Print what the jobs of a step wrote, from CloudWatch Logs."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.errors import PipelineError, UsageError
from pipelines.executions import Executions, ExecutionState
from pipelines.following import failed_step
from pipelines.names import command_line
from pipelines.verbs.options import add_execution, add_target, chosen_target

SUMMARY = "print the log of a step's jobs"
_GROUPS = {
    "Processing": "/aws/sagemaker/ProcessingJobs",
    "Training": "/aws/sagemaker/TrainingJobs",
    "Tuning": "/aws/sagemaker/TrainingJobs",
    "Transform": "/aws/sagemaker/TransformJobs",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_execution(parser)
    parser.add_argument(
        "step", nargs="?", help="a step's or a job's name (default: the step that failed, else the last job)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print every stream of the step's jobs."""
    target = chosen_target(arguments)
    executions = Executions(target.client("sagemaker"))
    state = executions.state(executions.resolve(arguments.execution))
    groups, prefix = _where(state, arguments.step)
    lines = [line for group in groups for line in _lines(target.client("logs"), group, prefix)]
    if not lines:
        raise PipelineError(
            f"{prefix} wrote no log to {' or '.join(groups)}",
            hint=f"a job that ended before its container started has none; `{command_line('steps')}` tells its reason",
        )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _where(state: ExecutionState, name: str | None) -> tuple[list[str], str]:
    """Return the log groups and the stream prefix of a step or a job."""
    jobs = [step for step in state.steps if step.type in _GROUPS and step.job_name]
    if name is None:
        failed = failed_step(state)
        name = failed.name if failed in jobs and failed else jobs[-1].name if jobs else None
    step = next((step for step in jobs if step.name == name), None)
    if step:
        # The trials of a tuning job are training jobs whose names begin with its own.
        return [_GROUPS[step.type]], step.job_name
    if name and name not in {step.name for step in state.steps}:
        return list(dict.fromkeys(_GROUPS.values())), name
    names = ", ".join(step.name for step in jobs) or "none yet"
    raise UsageError(f"step {name or ''} has run no job".replace("  ", " "), hint=f"steps with jobs: {names}")


def _lines(logs: Any, group: str, prefix: str) -> Iterator[str]:
    try:
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=prefix)
        streams = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except ClientError:
        return
    for stream in streams:
        if len(streams) > 1:
            yield f"==> {stream}"
        for event in _events(logs, group, stream):
            yield event["message"].rstrip("\n")


def _events(logs: Any, group: str, stream: str) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        yield from page["events"]
        following = page.get("nextForwardToken")
        if not following or not page["events"] or following == token.get("nextToken"):
            return
        token = {"nextToken": following}
