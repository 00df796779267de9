"""Rows of `application/json` and `application/jsonlines`.

JSON: `{"instances": [{feature: value, …}, …]}`, a list of such objects, or one object. JSON Lines: one object a line.
A member that is null or left out is missing.
"""

import json
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from inference.columns import Columns, as_object, shown
from inference.errors import PayloadError
from inference.limits import refuse_too_many
from inference.raw_rows import encode_records


def read_json(text: str, columns: Columns) -> NDArray[np.float32]:
    """Read one JSON document."""
    # Before parsing: two million empty objects would take a hundred megabytes.
    refuse_too_many(text.count("{") - 1)
    document = _parse(text, "the body")
    if isinstance(document, dict) and "instances" in document:
        if len(document) > 1:
            other = next(name for name in document if name != "instances")
            raise PayloadError(f"the body holds {shown(other)} beside 'instances'; allowed is 'instances' alone")
        document = document["instances"]
        if not isinstance(document, list):
            raise PayloadError(f"'instances' is {shown(document)}; allowed is a list of objects")
    return encode_objects(document if isinstance(document, list) else [document], columns)


def read_json_lines(text: str, columns: Columns) -> NDArray[np.float32]:
    """Read one JSON document a line; empty lines count for nothing."""
    refuse_too_many(text.count("\n"))
    # Not splitlines: U+2028 and its like may stand in a JSON text.
    lines = [line for line in text.split("\n") if line.strip()]
    return encode_objects([_parse(line, f"row {number}") for number, line in enumerate(lines)], columns)


def encode_objects(rows: list[Any], columns: Columns) -> NDArray[np.float32]:
    """Encode objects of ready features, or of raw fields."""
    if not rows:
        raise PayloadError("the body holds no row; expected at least one object of features")
    refuse_too_many(len(rows))
    known, is_raw = columns.known, False
    for number, row in enumerate(rows):
        if row.__class__ is not dict:
            raise PayloadError(f"row {number}: {shown(row)} is not an object; expected {{feature: value, …}}")
        if not known.issuperset(row):
            columns.refuse_unknown(number, row)
            is_raw = True
        elif columns.places.keys().isdisjoint(row):
            raise PayloadError(f"row {number}: names no feature; allowed are the features {', '.join(columns.names)}")
    if is_raw:
        return encode_records(rows, columns)
    return columns.encode([list(map(row.get, columns.names)) for row in rows])


def _parse(text: str, where: str) -> Any:
    try:
        return _DECODER.decode(text)
    except PayloadError as error:
        raise PayloadError(f"{where}: {error}") from error
    except RecursionError:
        raise PayloadError(f"{where} is nested too deeply; allowed are objects of numbers, texts and null") from None
    except ValueError as error:
        raise PayloadError(f"{where} is not JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise PayloadError(f"{name} is not JSON; allowed is a finite number, or null for a missing value")


_DECODER = json.JSONDecoder(object_pairs_hook=as_object, parse_constant=_refuse_constant)
