"""Type the values that Lambda and Callback steps return."""

from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.model import OutputParameter, Scalar
from local_aws.pipeline_engine.parameters import as_text, convert


def typed_outputs(declared: Iterable[OutputParameter], returned: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return the declared output parameters, converted to their types; what is not declared is dropped.

    Raises:
        StepFailedError: A declared output is missing, or its value does not fit its type.
    """
    return {parameter.name: _typed(parameter, returned) for parameter in declared}


def as_metadata(outputs: Mapping[str, Scalar]) -> list[dict[str, str]]:
    """Return outputs as the API lists them."""
    return [{"Name": name, "Value": as_text(value)} for name, value in outputs.items()]


def _typed(parameter: OutputParameter, returned: Mapping[str, Any]) -> Scalar:
    value = returned.get(parameter.name)
    if not isinstance(value, (str, int, float)):
        raise StepFailedError(
            f"ClientError: The output parameter '{parameter.name}' of type {parameter.type} was not returned; "
            f"returned are {sorted(returned)}. Return a text, number or Boolean under that name."
        )
    try:
        return convert(as_text(value), parameter.type)
    except ValueError as err:
        raise StepFailedError(
            f"ClientError: The output parameter '{parameter.name}' must be of type {parameter.type}: {err}."
        ) from err
