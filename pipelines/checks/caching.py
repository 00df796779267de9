"""Check for the traps of step caching: SageMaker compares requests, not the content of what they point to."""

import re
from collections.abc import Iterator
from typing import Any

from pipelines.checks.model import Definition, Finding, Step, references_in

# What of a request is in the cache key (Amazon SageMaker developer guide, "default cache key attributes").
_KEYS = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": ("AlgorithmSpecification", "CheckpointConfig", "Environment", "HyperParameters", "InputDataConfig"),
    "Tuning": ("HyperParameterTuningJobConfig", "AlgorithmSpecification", "InputDataConfig", "StaticHyperParameters"),
}
# An ISO 8601 duration, as CacheConfig.ExpireAfter takes it: P30D, PT12H, P1DT6H30M.
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def input_version(definition: Definition) -> Iterator[Finding]:
    """A cached processing step that reads a prefix given from outside has that prefix's version in its key."""
    for step in _cached(definition):
        if step.type != "Processing":
            continue
        inputs = [entry.get("S3Input", {}).get("S3Uri") for entry in step.arguments.get("ProcessingInputs") or []]
        outside = {ref.text for ref in references_in(inputs) if ref.text.startswith("Parameters.")}
        versions = {ref.text for ref in references_in(step.arguments.get("Environment")) if "Version" in ref.text}
        if outside and not versions:
            text = f"reads {', '.join(sorted(outside))}; replaced objects under it would be a stale cache hit"
            yield Finding("cache-input-version", step.name, f"{text}: pass a version of them in the Environment")


def defeated(definition: Definition) -> Iterator[Finding]:
    """A cached step has nothing in its key that differs in every execution."""
    for step in _cached(definition):
        for member in _KEYS[step.type]:
            value = step.arguments.get(member, step.job.get(member))
            for reference in references_in(value):
                if reference.text.startswith("Execution.") and reference.text != "Execution.PipelineName":
                    text = f"{member} holds {reference.text}, so that the step never hits its cache"
                    yield Finding("cache-defeated", step.name, text)


def expiry(definition: Definition) -> Iterator[Finding]:
    """A cache's life is an ISO 8601 duration."""
    for step in definition.steps:
        config = step.raw.get("CacheConfig") or {}
        value = config.get("ExpireAfter") if isinstance(config, dict) else config
        if value is not None and not (isinstance(value, str) and _DURATION.fullmatch(value)):
            text = f"CacheConfig.ExpireAfter is {value!r}, but must be an ISO 8601 duration such as P30D or PT12H"
            yield Finding("cache-expiry", step.name, text)


def code_by_content(definition: Definition) -> Iterator[Finding]:
    """A cached step's code lies under the hash of its content: changed code is a changed URI."""
    for step in _cached(definition):
        for uri in _code_uris(step):
            if isinstance(uri, str) and not _SHA256.search(uri) and "${Token[" not in uri:
                text = f"code at {uri} has no SHA-256 in its path; changed code would be a stale cache hit"
                yield Finding("cache-code", step.name, text)


def _cached(definition: Definition) -> list[Step]:
    return [step for step in definition.steps if step.is_cached and step.type in _KEYS]


def _code_uris(step: Step) -> list[Any]:
    inputs = step.arguments.get("ProcessingInputs") or []
    channels = step.job.get("InputDataConfig") or []
    return [
        *(entry.get("S3Input", {}).get("S3Uri") for entry in inputs if entry.get("InputName") == "code"),
        *(entry["DataSource"]["S3DataSource"]["S3Uri"] for entry in channels if entry.get("ChannelName") == "code"),
    ]
