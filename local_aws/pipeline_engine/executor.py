"""Run one pipeline execution: start every step as soon as it may, until nothing is left to start."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.pipeline_engine import names
from local_aws.pipeline_engine.arguments import without_nulls
from local_aws.pipeline_engine.cache import CachedResult, StepCache, cache_key
from local_aws.pipeline_engine.errors import StepFailedError, StepStoppedError
from local_aws.pipeline_engine.model import Definition, Step
from local_aws.pipeline_engine.parse import parse_definition
from local_aws.pipeline_engine.plan import Plan, State
from local_aws.pipeline_engine.records import ExecutionRecords, failure_reason
from local_aws.pipeline_engine.references import Scope, resolve
from local_aws.pipeline_engine.retry import delay_before_retry
from local_aws.pipeline_engine.scope import execution_scope
from local_aws.pipeline_engine.steps import STEP_FUNCTIONS, StepRun
from local_aws.pipeline_engine.steps.run import Execution

_LOG = logging.getLogger(__name__)
_NAME_MEMBERS = {
    "Model": "ModelName",
    "Processing": "ProcessingJobName",
    "Training": "TrainingJobName",
    "Transform": "TransformJobName",
    "Tuning": "HyperParameterTuningJobName",
}


def run_execution(plane: DataPlane, records: ExecutionRecords) -> None:
    """Run an execution whose records exist, until nothing is left to start or to wait for; record how it ended."""
    try:
        Executor.of(plane, records).run()
    except Exception as err:  # noqa: BLE001 - an execution must end, whatever goes wrong
        _LOG.exception("execution %s broke", records.arn)
        records.end("Failed", f"InternalServerError: {type(err).__name__}: {err}")


@dataclass(frozen=True)
class Executor:
    """One execution under way; all its state is in the records."""

    plane: DataPlane
    records: ExecutionRecords
    execution: Execution
    definition: Definition
    plan: Plan
    _ended: "SimpleQueue[tuple[str, State]]" = field(default_factory=SimpleQueue)

    @classmethod
    def of(cls, plane: DataPlane, records: ExecutionRecords) -> "Executor":
        """Return the executor of an execution whose records exist."""
        record = records.execution()
        definition = parse_definition(record["_definition"])
        selected = record.get("SelectiveExecutionConfig", {}).get("SelectedSteps")
        only = {step["StepName"] for step in selected} if selected else None
        execution = Execution(
            arn=records.arn,
            execution_id=records.arn.rpartition("/")[2],
            pipeline_name=record["_pipeline_name"],
            pipeline_arn=record["PipelineArn"],
            role_arn=record["_role_arn"],
            account_id=records.account_id,
            region=records.region,
            started=record["CreationTime"],
            parameters=record["_parameters"],
        )
        plan = Plan.of(definition, only)
        return cls(plane, records, execution, definition, plan)

    def run(self) -> None:
        """Run all steps that may run, and record how the execution ended."""
        states = self._run_steps()
        failed = [name for name, state in states.items() if state in {"Failed", "Stopped"}]
        unhandled = self.plan.unhandled_failures(states)
        reason = failure_reason(self.records.steps(), unhandled or failed) if failed else None
        self.records.end("Failed" if unhandled else "CompletedWithFailures" if failed else "Succeeded", reason)

    def _run_steps(self) -> dict[str, State]:
        states: dict[str, State] = {step["StepName"]: step["StepStatus"] for step in self.records.steps()}
        while True:
            ready, skipped = self.plan.next_steps(states, self._outcomes())
            states |= dict.fromkeys(skipped, "Skipped")
            running = sum(state == "Executing" for state in states.values())
            limit = self.records.max_parallel_steps() or len(self.plan.steps)
            for step in [] if self.records.is_stopping() else ready[: max(0, limit - running)]:
                states[step.name] = "Executing"
                running += 1
                self._start(step)
            if not running:
                return states
            name, state = self._ended.get()
            states[name] = state

    def _start(self, step: Step) -> None:
        self.records.start_step(step)
        self.plane.spawn(f"{self.execution.execution_id}-{step.name}", lambda: self._run_step(step))

    def _run_step(self, step: Step) -> None:
        """Run a step to its end: the one boundary where whatever goes wrong becomes the step's status."""
        state: State = "Failed"
        try:
            properties = self._with_retries(step)
        except StepStoppedError as err:
            state = "Stopped"
            self.records.end_step(step.name, state, err.reason)
        except StepFailedError as err:
            self.records.end_step(step.name, state, err.reason)
        except Exception as err:  # noqa: BLE001 - the step boundary
            _LOG.exception("step %s of %s broke", step.name, self.records.arn)
            self.records.end_step(step.name, state, f"InternalServerError: {type(err).__name__}: {err}")
        else:
            state = "Succeeded"
            self.records.end_step(step.name, state, _properties=properties)
        finally:
            self._ended.put((step.name, state))

    def _with_retries(self, step: Step) -> dict[str, Any]:
        started, retries = self.records.now(), 0
        while True:
            try:
                return self._attempt(step)
            except StepFailedError as err:
                elapsed = (self.records.now() - started).total_seconds()
                delay = delay_before_retry(step.retry_policies, err.kind, retries=retries, elapsed_seconds=elapsed)
                if delay is None:
                    raise
                if self.records.wait_for_stop(delay):
                    raise StepStoppedError(err.reason) from err
            retries += 1
            self.records.change_step(step.name, AttemptCount=retries + 1)

    def _attempt(self, step: Step) -> dict[str, Any]:
        """Run a step once, or take its result from the cache."""
        job_name = self._new_name(step)
        scope = self._scope(job_name)
        settings = resolve(dict(step.settings), scope)
        # A Condition resolves its own values, one after the other: those behind a decided Or are not looked at.
        arguments = (
            dict(step.arguments) if step.type == "Condition" else without_nulls(resolve(dict(step.arguments), scope))
        )
        key = cache_key(step, arguments, settings)
        cached = self._find_cached(step, key)
        if cached is not None:
            return dict(cached.properties)
        run = StepRun(
            plane=self.plane,
            execution=self.execution,
            records=self.records,
            step=step,
            job_name=job_name,
            settings=settings,
            resolve=lambda value: resolve(value, scope),
        )
        properties = STEP_FUNCTIONS[step.type](run, arguments)
        self._keep(step, key, properties)
        return properties

    def _new_name(self, step: Step) -> str:
        """Return a name for what the step creates; one in its arguments is a prefix, as the SDK's opt-in has it."""
        prefix = step.arguments.get(_NAME_MEMBERS.get(step.type, ""))
        if prefix is not None:
            prefix = str(resolve(prefix, self._scope("")))
        return names.new_name(step.type, self.execution.execution_id, step.name, prefix)

    def _scope(self, job_name: str) -> Scope:
        return execution_scope(self.plane, self.execution, self.records, self.definition, job_name)

    def _find_cached(self, step: Step, key: str | None) -> CachedResult | None:
        if key is None or step.cache is None or not step.cache.enabled:
            return None
        cached = self._cache.find(key, step.cache, self.records.now())
        if cached is not None:
            source = {"SourcePipelineExecutionArn": cached.source}
            self.records.change_step(step.name, Metadata=cached.metadata, CacheHitResult=source)
        return cached

    def _keep(self, step: Step, key: str | None, properties: Mapping[str, Any]) -> None:
        record = self.records.step(step.name)
        if key is not None and record is not None:
            result = CachedResult(self.records.arn, self.records.now(), record["Metadata"], properties)
            self._cache.put(key, result)

    @property
    def _cache(self) -> StepCache:
        execution = self.execution
        return StepCache(self.plane.store, execution.pipeline_arn, execution.account_id, execution.region)

    def _outcomes(self) -> dict[str, bool]:
        return {
            step["StepName"]: step["_properties"]["Outcome"]
            for step in self.records.steps()
            if step["_type"] == "Condition" and step["StepStatus"] == "Succeeded"
        }
