"""Run one task: its events, its call, and the wait for its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.step_functions.errors import HEARTBEAT, TIMEOUT, StatesError
from local_aws.step_functions.history import payload
from local_aws.step_functions.resources import Resource
from local_aws.step_functions.run import Branch, compact
from local_aws.step_functions.tasks import jobs, nested, optimized, service_call, tokens


@dataclass(frozen=True)
class Task:
    """One attempt of a Task state.

    Attributes:
        given: The effective input: the parameters of the call.
        timeout: Seconds until States.Timeout; None for no limit.
        heartbeat: Seconds between heartbeats until States.HeartbeatTimeout.
        token: The task token, where the pattern is waitForTaskToken.
    """

    branch: Branch
    resource: Resource
    given: Any
    role_arn: str
    timeout: float | None
    heartbeat: float | None
    token: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """The members by which every event names the resource."""
        return {"resource": self.resource.name, "resourceType": self.resource.kind}


def perform(task: Task) -> Any:
    """Return the task's output.

    Raises:
        StatesError: The call or what it started failed, or the time is over.
        InterruptedFlowError: The flow is to end; a job that it waits for is stopped.
    """
    branch = task.branch
    if not branch.resumed:
        branch.event("TaskScheduled", _scheduled(task))
    try:
        output = _resumed(task) if _is_submitted(task) else _started(task)
    except StatesError as err:
        kind = "TaskTimedOut" if err.name in {TIMEOUT, HEARTBEAT} else "TaskFailed"
        branch.event(kind, {**task.shown, "error": err.name, "cause": err.cause})
        raise
    branch.event("TaskSucceeded", {**task.shown, **payload("output", output)})
    return output


def _scheduled(task: Task) -> dict[str, Any]:
    limits = {"timeoutInSeconds": task.timeout, "heartbeatInSeconds": task.heartbeat}
    return {
        **task.shown,
        "region": task.branch.run.region,
        "parameters": compact(task.given),
        **{name: int(seconds) for name, seconds in limits.items() if seconds is not None},
    }


def _is_submitted(task: Task) -> bool:
    return bool({"job", "token", "execution"} & set(task.branch.resumed))


def _started(task: Task) -> Any:
    task.branch.event("TaskStarted", task.shown)
    branch, pattern = task.branch, task.resource.pattern
    if pattern == "waitForTaskToken":
        tokens.open_token(branch, task.token)
    response = _call(task)
    branch.check()
    if not pattern:
        return response
    branch.event("TaskSubmitted", {**task.shown, **payload("output", response)})
    if pattern == "waitForTaskToken":
        branch.note(token=task.token)
        return tokens.wait(branch, task.token, timeout=task.timeout, heartbeat=task.heartbeat)
    if task.resource.service == "stepfunctions":
        branch.note(execution=response["ExecutionArn"])
        return nested.wait(branch, response["ExecutionArn"], task.resource, task.role_arn, task.timeout)
    job = jobs.job_of(task.resource, task.given)
    branch.note(job=job)
    return jobs.wait(branch, job, task.role_arn, task.timeout)


def _resumed(task: Task) -> Any:
    """Wait on, after a restart, for what was submitted before it."""
    branch = task.branch
    noted: Mapping[str, Any] = branch.resumed
    if "token" in noted:
        return tokens.wait(branch, task.token, timeout=task.timeout, heartbeat=task.heartbeat)
    if "execution" in noted:
        return nested.wait(branch, noted["execution"], task.resource, task.role_arn, task.timeout)
    return jobs.wait(branch, noted["job"], task.role_arn, task.timeout)


def _call(task: Task) -> Any:
    call = service_call.call if task.resource.is_sdk else optimized.call
    return call(task.branch, task.resource, task.given, task.role_arn)
