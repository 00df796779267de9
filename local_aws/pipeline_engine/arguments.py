"""Check a step's arguments against the API operation they are for, as far as expressions let them be known."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.containers.images import UnsupportedImageError, find_image
from local_aws.pipeline_engine.errors import DefinitionError
from local_aws.pipeline_engine.model import Step
from local_aws.pipeline_engine.references import function_of
from local_aws.sagemaker.validation import operation_model

OPERATIONS = {
    "Model": "CreateModel",
    "Processing": "CreateProcessingJob",
    "RegisterModel": "CreateModelPackage",
    "Training": "CreateTrainingJob",
    "Transform": "CreateTransformJob",
    "Tuning": "CreateHyperParameterTuningJob",
}
_SCALARS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "string": ("String", str),
    "integer": ("Integer", int),
    "long": ("Integer", int),
    "float": ("Number", (int, float)),
    "double": ("Number", (int, float)),
    "boolean": ("Boolean", bool),
}


def check_arguments(step: Step) -> None:
    """Raise DefinitionError for a member that the API does not know, a wrong JSON type or a value outside an enum.

    Members that are missing, and the patterns of texts, are left to the operation itself.
    """
    operation = OPERATIONS.get(step.type)
    if operation is None:
        return
    shape = operation_model("sagemaker", operation).input_shape
    _check(shape, dict(step.arguments), f"{step.where}.Arguments")
    for where, image in _images(step):
        try:
            find_image(image)
        except UnsupportedImageError as err:
            raise DefinitionError(where, err.message) from err


def without_nulls(value: Any) -> Any:
    """Return JSON data without the members that are null, which API clients refuse."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _check(shape: Shape | None, value: Any, where: str) -> None:
    if shape is None or value is None or function_of(value):
        return
    if isinstance(shape, ListShape):
        _check_list(shape, value, where)
    elif isinstance(shape, StructureShape | MapShape):
        _check_object(shape, value, where)
    else:
        _check_scalar(shape, value, where)


def _check_list(shape: ListShape, value: Any, where: str) -> None:
    if not isinstance(value, list):
        raise DefinitionError(where, f"Expecting start of Json Array, got {_shown(value)}.")
    for position, item in enumerate(value):
        _check(shape.member, item, f"{where}[{position}]")


def _check_object(shape: StructureShape | MapShape, value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise DefinitionError(where, f"Expecting start of Json Object, got {_shown(value)}.")
    for member, item in value.items():
        if isinstance(shape, StructureShape) and member not in shape.members:
            known = ", ".join(sorted(shape.members))
            raise DefinitionError(where, f"Unknown Argument member '{member}'; known are {known}.")
        inner = shape.members[member] if isinstance(shape, StructureShape) else shape.value
        _check(inner, item, f"{where}.{member}")


def _check_scalar(shape: Shape, value: Any, where: str) -> None:
    name, kind = _SCALARS.get(shape.type_name, ("String", str))
    if not isinstance(value, kind) or (isinstance(value, bool) and name != "Boolean"):
        raise DefinitionError(where, f"Expecting a Json {name}, got {_shown(value)}.")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        raise DefinitionError(
            where,
            f"Model Validation failed: Value '{value}' for '{shape.name}' failed to satisfy enum value set: "
            f"[{', '.join(allowed)}]",
        )


def _images(step: Step) -> Iterator[tuple[str, str]]:
    """Yield where the images are that the step will run, and their URIs where they are plain text."""
    arguments = step.arguments
    specifications = {
        "AppSpecification.ImageUri": (arguments.get("AppSpecification") or {}).get("ImageUri"),
        "AlgorithmSpecification.TrainingImage": (arguments.get("AlgorithmSpecification") or {}).get("TrainingImage"),
    }
    definitions = [arguments.get("TrainingJobDefinition"), *(arguments.get("TrainingJobDefinitions") or [])]
    for definition in definitions if step.type == "Tuning" else []:
        image = ((definition or {}).get("AlgorithmSpecification") or {}).get("TrainingImage")
        if isinstance(image, str):
            yield f"{step.where}.Arguments.TrainingJobDefinition.AlgorithmSpecification.TrainingImage", image
    for path, image in specifications.items():
        if isinstance(image, str) and step.type in {"Processing", "Training"}:
            yield f"{step.where}.Arguments.{path}", image


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]
