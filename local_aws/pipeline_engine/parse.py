"""Parse the JSON of a pipeline definition into the model, with errors that name the place."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from local_aws.pipeline_engine.conditions import check_condition
from local_aws.pipeline_engine.durations import parse_duration
from local_aws.pipeline_engine.errors import DefinitionError
from local_aws.pipeline_engine.model import (
    Branch,
    CacheConfig,
    Definition,
    Dependency,
    OutputParameter,
    Parameter,
    ParameterType,
    PropertyFile,
    Step,
    Trigger,
)
from local_aws.pipeline_engine.parameters import fits
from local_aws.pipeline_engine.retry import parse_retry_policy

_T = TypeVar("_T")

VERSION = "2020-12-01"
SUPPORTED_TYPES = (
    "Callback",
    "Condition",
    "Fail",
    "Lambda",
    "Model",
    "Processing",
    "RegisterModel",
    "Training",
    "Transform",
    "Tuning",
)
_UNSIMULATED_TYPES = (
    "Athena",
    "AutoML",
    "BedrockCustomModel",
    "BedrockCustomModelDeployment",
    "BedrockModelImport",
    "BedrockProvisionedModelThroughput",
    "ClarifyCheck",
    "Cleanup",
    "EMR",
    "EMRServerless",
    "Endpoint",
    "EndpointConfig",
    "ForEach",
    "HubContent",
    "InferenceComponent",
    "Job",
    "Lineage",
    "QualityCheck",
)
_SETTINGS = ("FunctionArn", "SqsQueueUrl")
_NEEDS: dict[str, tuple[str, ...]] = {"Lambda": ("FunctionArn",), "Callback": ("SqsQueueUrl",)}
_STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")


def parse_definition(text: str) -> Definition:
    """Return the definition that a JSON text holds.

    Raises:
        DefinitionError: The text is no JSON, or a member is missing, of a wrong type or not supported.
    """
    try:
        document = json.loads(text)
    except ValueError as err:
        raise DefinitionError("PipelineDefinition", f"Not valid JSON: {err}.") from err
    _object(document, "PipelineDefinition")
    version = _member(document, "Version", str, "PipelineDefinition")
    if version != VERSION:
        raise DefinitionError("Version", f"Unsupported version '{version}'; supported is '{VERSION}'.")
    parameters = tuple(
        _parameter(item, f"Parameters[{position}]")
        for position, item in enumerate(_list(document.get("Parameters"), "Parameters"))
    )
    steps = tuple(_steps(_member(document, "Steps", list, "PipelineDefinition"), "Steps", None))
    if not steps:
        raise DefinitionError("Steps", "A pipeline needs at least one step.")
    return Definition(version, parameters, document.get("PipelineExperimentConfig"), steps)


def _parameter(item: Any, where: str) -> Parameter:
    name = _member(_object(item, where), "Name", str, where)
    where = f"{where} '{name}'"
    if not _PARAMETER_NAME.fullmatch(name):
        raise DefinitionError(where, f"A parameter's Name must match {_PARAMETER_NAME.pattern}.")
    kind = _one_of(_member(item, "Type", str, where), get_args(ParameterType), "Type", where)
    default, allowed = item.get("DefaultValue"), item.get("EnumValues") or []
    if default is not None and not fits(default, kind):
        raise DefinitionError(where, f"DefaultValue {json.dumps(default)} is not of type {kind}.")
    if allowed and kind != "String":
        raise DefinitionError(where, f"EnumValues need a parameter of type String, not {kind}.")
    if allowed and default is not None and default not in allowed:
        raise DefinitionError(where, f"DefaultValue '{default}' is not in EnumValues [{', '.join(allowed)}].")
    return Parameter(name, kind, default, tuple(allowed))


def _steps(items: list[Any], where: str, branch: Branch | None) -> Iterator[Step]:
    for position, item in enumerate(items):
        place = f"{where}[{position}]"
        step = _step(_object(item, place), place, branch)
        yield step
        if step.type == "Condition":
            for member, outcome in (("IfSteps", True), ("ElseSteps", False)):
                inner = _list(item["Arguments"].get(member), f"{step.where}.{member}")
                yield from _steps(inner, f"{step.where}.{member}", Branch(step.name, outcome))


def _step(item: dict[str, Any], where: str, branch: Branch | None) -> Step:
    name = _member(item, "Name", str, where)
    where = f"{where} '{name}'"
    if not _STEP_NAME.fullmatch(name):
        raise DefinitionError(where, f"A step's Name must match {_STEP_NAME.pattern}.")
    kind = _step_type(_member(item, "Type", str, where), where)
    for member in _NEEDS.get(kind, ()):
        if member not in item:
            raise DefinitionError(where, f"A {kind} step needs {member}.")
    return Step(
        where=where,
        name=name,
        type=kind,
        arguments=_arguments(item, kind, where),
        branch=branch,
        depends_on=tuple(_dependency(entry, where) for entry in _list(item.get("DependsOn"), f"{where}.DependsOn")),
        display_name=item.get("DisplayName"),
        description=item.get("Description"),
        cache=_cache(item.get("CacheConfig"), f"{where}.CacheConfig"),
        retry_policies=tuple(_each(item, "RetryPolicies", where, parse_retry_policy)),
        property_files=tuple(_each(item, "PropertyFiles", where, _property_file)),
        output_parameters=tuple(_each(item, "OutputParameters", where, _output_parameter)),
        settings={member: item[member] for member in _SETTINGS if member in item},
    )


def _step_type(kind: str, where: str) -> str:
    supported = f"supported are {', '.join(SUPPORTED_TYPES)}"
    if kind in _UNSIMULATED_TYPES:
        raise DefinitionError(where, f"Steps of Type {kind} are not simulated by the local AWS; {supported}.")
    if kind not in SUPPORTED_TYPES:
        raise DefinitionError(where, f"Unknown step Type '{kind}'; {supported}.")
    return kind


def _arguments(item: dict[str, Any], kind: str, where: str) -> Mapping[str, Any]:
    if kind in {"Lambda", "Callback"}:
        return _object(item.get("Arguments") or {}, f"{where}.Arguments")
    arguments = _object(_member(item, "Arguments", dict, where), f"{where}.Arguments")
    if kind == "Fail":
        if "ErrorMessage" not in arguments:
            raise DefinitionError(f"{where}.Arguments", "A Fail step needs ErrorMessage.")
    elif kind == "Condition":
        conditions = _member(arguments, "Conditions", list, f"{where}.Arguments")
        for position, condition in enumerate(conditions):
            check_condition(condition, f"{where}.Conditions[{position}]")
        if not conditions:
            raise DefinitionError(f"{where}.Arguments.Conditions", "A Condition step needs at least one condition.")
        return {"Conditions": conditions}
    return arguments


def _dependency(entry: Any, where: str) -> Dependency:
    where = f"{where}.DependsOn"
    if isinstance(entry, str):
        return Dependency(entry)
    step = _member(_object(entry, where), "Step", str, where)
    return Dependency(step, _one_of(entry.get("Trigger", "Completed"), get_args(Trigger), "Trigger", where))


def _cache(item: Any, where: str) -> CacheConfig | None:
    if item is None:
        return None
    enabled = _member(_object(item, where), "Enabled", bool, where)
    if (text := item.get("ExpireAfter")) is None:
        return CacheConfig(enabled)
    try:
        return CacheConfig(enabled, parse_duration(str(text)))
    except ValueError as err:
        raise DefinitionError(f"{where}.ExpireAfter", f"{err}.") from err


def _property_file(item: Any, where: str) -> PropertyFile:
    name, output, path = (
        _member(item, member, str, where) for member in ("PropertyFileName", "OutputName", "FilePath")
    )
    return PropertyFile(name, output, path)


def _output_parameter(item: Any, where: str) -> OutputParameter:
    kind = _one_of(item.get("OutputType", "String"), get_args(ParameterType), "OutputType", where)
    return OutputParameter(_member(item, "OutputName", str, where), kind)


def _each(item: dict[str, Any], member: str, where: str, parse: Callable[[Any, str], _T]) -> Iterator[_T]:
    for position, entry in enumerate(_list(item.get(member), f"{where}.{member}")):
        place = f"{where}.{member}[{position}]"
        yield parse(_object(entry, place), place)


def _member(item: Mapping[str, Any], member: str, kind: type, where: str) -> Any:
    if item.get(member) is None:
        raise DefinitionError(where, f"Missing required member '{member}'.")
    if not isinstance(item[member], kind):
        names = {dict: "Object", list: "Array", str: "String", bool: "Boolean"}
        raise DefinitionError(f"{where}.{member}", f"Expecting a Json {names[kind]}, got {json.dumps(item[member])}.")
    return item[member]


def _object(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise DefinitionError(where, f"Expecting start of Json Object, got {json.dumps(item)[:80]}.")
    return item


def _list(item: Any, where: str) -> list[Any]:
    """Return a list; null is an empty one, as the SDK writes it."""
    if item is None:
        return []
    if not isinstance(item, list):
        raise DefinitionError(where, f"Expecting start of Json Array, got {json.dumps(item)[:80]}.")
    return item


def _one_of(value: Any, allowed: tuple[str, ...], member: str, where: str) -> Any:
    if value not in allowed:
        raise DefinitionError(where, f"Value '{value}' for '{member}' is not one of [{', '.join(allowed)}].")
    return value
