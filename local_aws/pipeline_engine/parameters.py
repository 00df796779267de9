"""Give a pipeline's declared parameters their values for one execution."""

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from local_aws.errors import ValidationError
from local_aws.pipeline_engine.model import Parameter, ParameterType, Scalar


def resolve_parameters(declared: Iterable[Parameter], given: Mapping[str, str]) -> dict[str, Scalar]:
    """Return every parameter's value: the given one, converted to the declared type, or the default.

    Raises:
        ValidationError: A given parameter is not declared, one without a default is missing, or a value does not fit.
    """
    by_name = {parameter.name: parameter for parameter in declared}
    unknown = [name for name in given if name not in by_name]
    if unknown:
        raise ValidationError(_unknown_message(unknown, sorted(by_name)))
    missing = [p.name for p in by_name.values() if p.default is None and p.name not in given]
    if missing:
        raise ValidationError(
            f"Missing value for pipeline parameter(s) [{', '.join(missing)}]: they have no DefaultValue; "
            "pass them in PipelineParameters."
        )
    return {name: _value(parameter, given.get(name)) for name, parameter in by_name.items()}


def convert(text: str, target: ParameterType) -> Scalar:
    """Return the value that a text means for a parameter type.

    Raises:
        ValueError: The text does not mean such a value; the message says what would.
    """
    return _CONVERTERS[target](text)


def fits(value: object, target: ParameterType) -> bool:
    """Return whether a JSON value is of a parameter type; an integer is a Float too, a Boolean is no Integer."""
    if isinstance(value, bool) or target == "Boolean":
        return isinstance(value, bool) and target == "Boolean"
    return isinstance(value, _PYTHON_TYPES[target])


def as_text(value: Scalar) -> str:
    """Return a value as the API and Std:Join write it: `true`, `0.7`, `12`, `text`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(parameter: Parameter, given: str | None) -> Scalar:
    if given is None:
        assert parameter.default is not None
        return parameter.default
    try:
        value = convert(given, parameter.type)
    except ValueError as err:
        raise ValidationError(
            f"Invalid value for pipeline parameter '{parameter.name}' of type {parameter.type}: {err}."
        ) from err
    if parameter.allowed and value not in parameter.allowed:
        raise ValidationError(
            f"Invalid value for pipeline parameter '{parameter.name}': '{given}' failed to satisfy enum value set: "
            f"[{', '.join(parameter.allowed)}]"
        )
    return value


def _unknown_message(unknown: list[str], known: list[str]) -> str:
    close = get_close_matches(unknown[0], known, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return (
        f"Assigned parameters [{', '.join(unknown)}] are not defined in the pipeline definition; "
        f"it defines [{', '.join(known)}].{hint}"
    )


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a whole number") from None


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"'{text}' is not a finite number")
    return value


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"'{text}' is neither 'true' nor 'false'")
    return text.lower() == "true"


_CONVERTERS: dict[ParameterType, Callable[[str], Scalar]] = {
    "String": str,
    "Integer": _integer,
    "Float": _float,
    "Boolean": _boolean,
}
_PYTHON_TYPES: dict[ParameterType, type | tuple[type, ...]] = {"String": str, "Integer": int, "Float": (int, float)}
