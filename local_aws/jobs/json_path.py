"""Select from a JSON value with the part of JSONPath that batch transform documents: names, indices, slices, unions."""

import re
from collections.abc import Iterator
from typing import Any

from local_aws.errors import ValidationError

_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_][\w-]*)|\[(?P<quoted>'[^']*'|\"[^\"]*\")\]|\[(?P<slice>-?\d*:-?\d*)\]|\[(?P<union>-?\d+(\s*,\s*-?\d+)*)\]"
)
Step = str | list[int] | slice


def parse(expression: str) -> list[Step]:
    """Read an expression such as `$[1:]`, `$.features[0]` or `$['SageMakerOutput']`.

    Raises:
        ValidationError: It is none that the local AWS can evaluate.
    """
    steps: list[Step] = []
    position = 1
    while position < len(expression):
        found = _STEP.match(expression, position)
        if found is None:
            break
        steps.append(_step(found))
        position = found.end()
    if not expression.startswith("$") or position < len(expression):
        raise ValidationError(
            f"The local AWS cannot evaluate the JSONPath {expression!r}: it knows $, .name, ['name'], [n], [n,m] "
            "and [n:m]."
        )
    return steps


def select(steps: list[Step], value: Any) -> Any:
    """Return what the expression selects; None where nothing is there."""
    for step in steps:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif not isinstance(value, list):
            return None
        elif isinstance(step, slice):
            value = value[step]
        else:
            chosen = list(_items(value, step))
            value = chosen if len(step) > 1 else next(iter(chosen), None)
    return value


def _step(found: re.Match[str]) -> Step:
    if found["name"] or found["quoted"]:
        return found["name"] or found["quoted"][1:-1]
    if found["slice"]:
        start, stop = (int(part) if part else None for part in found["slice"].split(":"))
        return slice(start, stop)
    return [int(part) for part in found["union"].split(",")]


def _items(value: list[Any], indices: list[int]) -> Iterator[Any]:
    return (value[index] for index in indices if -len(value) <= index < len(value))
