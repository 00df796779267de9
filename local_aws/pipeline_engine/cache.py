"""Decide whether a step's earlier result can stand in for running it again (SageMaker's step caching)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.pipeline_engine.model import CacheConfig, Step
from local_aws.store import Key, Store

_KIND = "pipeline-step-cache"

_TRAINING_MEMBERS = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)
KEY_MEMBERS: dict[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
}
"""Which arguments decide, per step type, as AWS documents (Default cache key attributes by pipeline step type).

Outputs, roles, resources and network do not count; S3 data counts by its URI, not by its content."""

_WHOLE_ARGUMENTS = ("Lambda", "Callback")


def cache_key(step: Step, arguments: Mapping[str, Any], settings: Mapping[str, Any]) -> str | None:
    """Return the key of a step's resolved arguments, or None for a type that is never cached.

    The step's name is part of it: a result is only reused for the step of the same name.
    """
    if step.type in _WHOLE_ARGUMENTS:
        deciding: dict[str, Any] = {**settings, "Arguments": dict(arguments)}
    elif step.type in KEY_MEMBERS:
        deciding = {
            member: _deciding(member, arguments[member]) for member in KEY_MEMBERS[step.type] if member in arguments
        }
    else:
        return None
    text = json.dumps([step.name, step.type, deciding], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class CachedResult:
    """What a step's successful run left: where it ran, when it ended, what it made."""

    source: str
    ended: datetime
    metadata: Mapping[str, Any]
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class StepCache:
    """The results of one pipeline's steps: of each key the most recent run that succeeded."""

    store: Store
    pipeline_arn: str
    account_id: str
    region: str

    def find(self, key: str, config: CacheConfig, now: datetime) -> CachedResult | None:
        """Return the result of a key unless it is older than the configuration allows."""
        record = self.store.get(self._key(key))
        if record is None or (config.expire_after is not None and now - record["ended"] > config.expire_after):
            return None
        return CachedResult(record["source"], record["ended"], record["metadata"], record["properties"])

    def put(self, key: str, result: CachedResult) -> None:
        """Keep a result; it replaces the key's earlier one."""
        record = {
            "source": result.source,
            "ended": result.ended,
            "metadata": dict(result.metadata),
            "properties": dict(result.properties),
        }
        if not self.store.insert(self._key(key), record):
            self.store.update(self._key(key), lambda old: old.update(record))

    def clear(self) -> None:
        """Forget the pipeline's results, as deleting the pipeline does."""
        for key in self.store.keys():  # noqa: SIM118 - Store is no mapping
            if key.kind == _KIND and key.name.startswith(f"{self.pipeline_arn}/"):
                self.store.delete(key)

    def _key(self, key: str) -> Key:
        return Key(_KIND, f"{self.pipeline_arn}/{key}", self.account_id, self.region)


def _deciding(member: str, value: Any) -> Any:
    """Reduce a tuning step's training definitions to the members that decide."""
    if member == "TrainingJobDefinition":
        return {name: value[name] for name in _TRAINING_MEMBERS if name in value}
    if member == "TrainingJobDefinitions":
        return [_deciding("TrainingJobDefinition", item) for item in value]
    return value
