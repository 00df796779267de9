"""Keep one execution's records: what the API shows, and what a retry, a selective run and the cache need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.pipeline_engine.model import Step
from local_aws.pipeline_engine.plan import State
from local_aws.store import Key, Record, Store

EXECUTION = "pipeline-execution"
STEPS = "pipeline-execution-steps"
ACTIVE = frozenset({"Executing", "Stopping"})
STEP_FAILURE = "Step failure: One or multiple steps failed."
_REASON_LIMIT, _STEP_REASON_LIMIT = 1300, 1024


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ExecutionRecords:
    """Read and write the records of one execution; members starting with `_` are never shown to clients."""

    store: Store
    arn: str
    account_id: str
    region: str
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def key(self) -> Key:
        """Key of the execution's own record."""
        return Key(EXECUTION, self.arn, self.account_id, self.region)

    @property
    def steps_key(self) -> Key:
        """Key of the record that lists its steps."""
        return Key(STEPS, self.arn, self.account_id, self.region)

    def execution(self) -> Record:
        """Return the execution's record.

        Raises:
            KeyError: It was deleted.
        """
        record = self.store.get(self.key)
        if record is None:
            raise KeyError(self.arn)
        return record

    def steps(self) -> list[Record]:
        """Return the records of the steps that have started, in that order."""
        record = self.store.get(self.steps_key)
        return record["steps"] if record else []

    def step(self, name: str) -> Record | None:
        """Return a step's record, or None where it has not started."""
        return next((step for step in self.steps() if step["StepName"] == name), None)

    def is_stopping(self) -> bool:
        """Return whether StopPipelineExecution was called."""
        return bool(self.execution()["PipelineExecutionStatus"] != "Executing")

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait, and return whether the wait ended because the execution is to stop."""
        stopped = self.store.wait(self.key, lambda record: record["PipelineExecutionStatus"] != "Executing", seconds)
        return stopped is not None

    def max_parallel_steps(self) -> int | None:
        """Return how many steps may run at a time, as of now."""
        limit = self.execution().get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        return int(limit) if limit is not None else None

    def start_step(self, step: Step) -> None:
        """Add the record of a step that starts now."""
        record: Record = {"StepName": step.name}
        if step.display_name:
            record["StepDisplayName"] = step.display_name
        if step.description:
            record["StepDescription"] = step.description
        record |= {"StartTime": self.now(), "StepStatus": "Executing", "AttemptCount": 1, "Metadata": {}}
        record["_type"] = step.type
        self._change_list(lambda steps: steps.append(record))

    def change_step(self, name: str, **members: Any) -> None:
        """Set members of a step's record."""

        def change(steps: list[Record]) -> None:
            next(step for step in steps if step["StepName"] == name).update(members)

        self._change_list(change)

    def end_step(self, name: str, status: State, reason: str | None = None, **members: Any) -> None:
        """Set how a step ended."""
        if reason:
            members["FailureReason"] = reason[:_STEP_REASON_LIMIT]
        self.change_step(name, StepStatus=status, EndTime=self.now(), **members)

    def mark_step_stopping(self, name: str) -> None:
        """Show that a running step is being stopped; one that has ended meanwhile stays as it is."""

        def change(steps: list[Record]) -> None:
            for step in steps:
                if step["StepName"] == name and step["StepStatus"] == "Executing":
                    step["StepStatus"] = "Stopping"

        self._change_list(change)

    def mark_stopping(self) -> bool:
        """Turn an executing execution into a stopping one; return False where it was not executing."""
        changed = []

        def change(record: Record) -> None:
            if record["PipelineExecutionStatus"] == "Executing":
                record.update(PipelineExecutionStatus="Stopping", LastModifiedTime=self.now())
                changed.append(True)

        self.store.update(self.key, change)
        return bool(changed)

    def end(self, status: str, reason: str | None) -> None:
        """Set how the execution ended; one that was told to stop ends as Stopped, one that has ended stays so."""

        def change(record: Record) -> None:
            if record["PipelineExecutionStatus"] not in ACTIVE:
                return
            stopping = record["PipelineExecutionStatus"] == "Stopping"
            record.update(PipelineExecutionStatus="Stopped" if stopping else status, LastModifiedTime=self.now())
            if reason and not stopping:
                record["FailureReason"] = reason[:_REASON_LIMIT]

        self.store.update(self.key, change)

    def _change_list(self, change: Callable[[list[Record]], None]) -> None:
        self.store.update(self.steps_key, lambda record: change(record["steps"]))


def failure_reason(steps: list[Record], failed: list[str]) -> str:
    """Return an execution's FailureReason: SageMaker's sentence, then the reason of every failed step."""
    causes = [
        f"[{step['StepName']}] {step.get('FailureReason', step['StepStatus'])}"
        for step in steps
        if step["StepName"] in failed
    ]
    return " ".join([STEP_FAILURE, *causes])


def public_step(record: Mapping[str, Any]) -> Record:
    """Return a step's record as ListPipelineExecutionSteps shows it."""
    return {member: value for member, value in record.items() if not member.startswith("_")}
