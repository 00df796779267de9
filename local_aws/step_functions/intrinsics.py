"""Evaluate intrinsic functions such as `States.Format('v{}', $.version)`.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

import base64
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from typing import Any

from local_aws.step_functions.errors import StatesError

Resolve = Callable[[str], Any]
_CALL = re.compile(r"\s*(States\.\w+)\s*\(")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_MAX_ITEMS = 1000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def is_call(text: str) -> bool:
    """Tell whether a text is the call of an intrinsic function."""
    return _CALL.match(text) is not None


def evaluate(text: str, resolve: Resolve) -> Any:
    """Return the value of a call; `resolve` returns the value of a path.

    Raises:
        StatesError: States.IntrinsicFailure; or what `resolve` raises.
    """
    value, end = _call(text, 0, resolve)
    if text[end:].strip():
        raise _failure(text, f"unexpected '{text[end:].strip()}' after the call")
    return value


def _call(text: str, at: int, resolve: Resolve) -> tuple[Any, int]:
    found = _CALL.match(text, at)
    if not found or found[1] not in _FUNCTIONS:
        allowed = ", ".join(sorted(_FUNCTIONS))
        raise _failure(text, f"no such intrinsic function; allowed are {allowed}")
    arguments, at = [], found.end()
    while True:
        at = _skip(text, at)
        if text[at : at + 1] == ")":
            break
        value, at = _argument(text, at, resolve)
        arguments.append(value)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != ")":
            raise _failure(text, f"',' or ')' expected at character {at + 1}")
    try:
        return _FUNCTIONS[found[1]](*arguments), at + 1
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as err:
        raise _failure(text, f"{found[1]} failed: {err}") from err


def _argument(text: str, at: int, resolve: Resolve) -> tuple[Any, int]:
    if text[at : at + 1] == "'":
        return _literal(text, at + 1)
    if text[at : at + 1] == "$":
        end = _end_of_path(text, at)
        return resolve(text[at:end].strip()), end
    if number := _NUMBER.match(text, at):
        return json.loads(number[0]), number.end()
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    return _call(text, at, resolve)


def _literal(text: str, at: int) -> tuple[str, int]:
    parts = []
    while at < len(text) and text[at] != "'":
        if text[at] == "\\" and at + 1 < len(text):
            # An escaped brace stays escaped: it is States.Format that reads it.
            parts.append(text[at : at + 2] if text[at + 1] in "{}" else text[at + 1])
            at += 2
        else:
            parts.append(text[at])
            at += 1
    if at >= len(text):
        raise _failure(text, "a quote is not closed")
    return "".join(parts), at + 1


def _end_of_path(text: str, at: int) -> int:
    depth, quote = 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and depth:
            quote = char
        elif char in "[(":
            depth += 1
        elif char in "])" and depth:
            depth -= 1
        elif char in ",)":
            break
        at += 1
    return at


def _skip(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _failure(text: str, why: str) -> StatesError:
    return StatesError("States.IntrinsicFailure", f"The function '{text}' could not be evaluated: {why}")


def _format(template: str, *values: Any) -> str:
    parts = re.split(r"(\\[{}\\]|\{\})", template)
    left = list(values)
    if sum(part == "{}" for part in parts) != len(left):
        raise ValueError(f"{len(left)} values for {sum(part == '{}' for part in parts)} places")
    return "".join(_text(left.pop(0)) if part == "{}" else re.sub(r"^\\([{}\\])$", r"\1", part) for part in parts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _unique(items: list[Any]) -> list[Any]:
    return list({json.dumps(item, sort_keys=True): item for item in reversed(items)}.values())[::-1]


def _range(first: int, last: int, step: int) -> list[int]:
    if not step:
        raise ValueError("the step is 0")
    found = list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))
    if len(found) > _MAX_ITEMS:
        raise ValueError(f"{len(found)} items; allowed are {_MAX_ITEMS}")
    return found


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    if int(size) <= 0:
        raise ValueError("the chunk size must be a positive integer")
    return [items[at : at + int(size)] for at in range(0, len(items), int(size))]


def _merge(first: dict[str, Any], second: dict[str, Any], is_deep: bool) -> dict[str, Any]:
    if is_deep:
        raise ValueError("only the shallow merge, false, is supported")
    return {**first, **second}


def _random(start: float, end: float, seed: int | None = None) -> int:
    source = random.Random(seed)
    return source.randrange(round(start), round(end))


def _item(items: list[Any], index: int) -> Any:
    if not 0 <= index < len(items):
        raise IndexError(f"there is no element {index}")
    return items[index]


def _split(text: str, separators: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _hash(value: Any, algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"algorithm '{algorithm}'; allowed are {', '.join(_HASHES)}")
    return hashlib.new(_HASHES[algorithm], _text(value).encode()).hexdigest()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Array": lambda *items: list(items),
    "States.ArrayContains": lambda items, item: item in items,
    "States.ArrayGetItem": _item,
    "States.ArrayLength": lambda items: len(list(items)),
    "States.ArrayPartition": _partition,
    "States.ArrayRange": _range,
    "States.ArrayUnique": _unique,
    "States.Base64Decode": lambda text: base64.b64decode(text, validate=True).decode(),
    "States.Base64Encode": lambda text: base64.b64encode(text.encode()).decode(),
    "States.Format": _format,
    "States.Hash": _hash,
    "States.JsonMerge": _merge,
    "States.JsonToString": lambda value: json.dumps(value, separators=(",", ":")),
    "States.MathAdd": lambda left, right: round(left) + round(right),
    "States.MathRandom": _random,
    "States.StringSplit": _split,
    "States.StringToJson": json.loads,
    "States.UUID": lambda: str(uuid.uuid4()),
}
