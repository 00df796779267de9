"""Wait for the end of a SageMaker job (`.sync`), and stop it where nobody waits any longer."""

import contextlib
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.step_functions.errors import TASK_FAILED, TIMEOUT, InterruptedFlowError, StatesError
from local_aws.step_functions.resources import JOBS, Resource
from local_aws.step_functions.run import Branch, compact
from local_aws.step_functions.tasks import service_call
from local_aws.store import Key

_RUNNING = {"InProgress", "Stopping"}
_KINDS = {"HyperParameterTuning": "hyper-parameter-tuning-job"}


def job_of(resource: Resource, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the word of a job's kind and its name."""
    word = JOBS[resource.action[:1].lower() + resource.action[1:]]
    return {"word": word, "name": str(given[f"{word}JobName"])}


def wait(branch: Branch, job: Mapping[str, str], role_arn: str, timeout: float | None) -> Any:
    """Return the description of the job that has completed.

    Raises:
        StatesError: It failed or was stopped (States.TaskFailed), or the time is over (States.Timeout).
        InterruptedFlowError: The flow is to end; the job is stopped.
    """
    run, word = branch.run, job["word"]
    key = Key(_KINDS.get(word, f"{word.lower()}-job"), job["name"], run.key.account_id, run.key.region)
    status = f"{word}JobStatus"

    def is_done(seconds: float) -> bool:
        return run.plane.store.wait(key, lambda record: record[status] not in _RUNNING, seconds) is not None

    try:
        if not branch.wait_for_work(is_done, timeout):
            _stop(branch, job, role_arn)
            raise StatesError(TIMEOUT, f"The {word} job {job['name']} did not end within {timeout:g} seconds")
    except InterruptedFlowError:
        if not run.is_suspended:
            _stop(branch, job, role_arn)
        raise
    except KeyError as err:
        raise StatesError(TASK_FAILED, f"The {word} job {job['name']} was deleted") from err
    described = _described(branch, job, role_arn)
    if described[status] != "Completed":
        raise StatesError(TASK_FAILED, compact(described))
    return described


def _described(branch: Branch, job: Mapping[str, str], role_arn: str) -> Any:
    word = job["word"]
    resource = Resource("sagemaker", f"Describe{word}Job", "sagemaker", f"describe{word}Job")
    return service_call.call(branch, resource, {f"{word}JobName": job["name"]}, role_arn)


def _stop(branch: Branch, job: Mapping[str, str], role_arn: str) -> None:
    word = job["word"]
    method = xform_name(f"Stop{word}Job")
    with contextlib.suppress(ClientError, BotoCoreError):  # it may have ended by itself
        getattr(branch.run.client("sagemaker", role_arn), method)(**{f"{word}JobName": job["name"]})
