"""Select from JSON by path, and put into it.

The dialect is JSONPath as Step Functions documents it: `.name`, `['name']`, `[0]`, `[-1]`, `[0,2]`, `[1:3]`, `[*]`,
`..name`, `[?(@.a == 1 && @.b)]`, `.length()`. A path that can select one value at most returns that value; any other
returns the list of all it selects.
"""

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.step_functions import path_filters

_NAME = re.compile(r"[^.\[\]\s()]+")
_QUOTED = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*""")
_SLICE = re.compile(r"^\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?$")
_ROOT = re.compile(r"^\$(\$|[A-Za-z_]\w*)?")


class PathError(ValueError):
    """A path is no path, or selects nothing."""


@dataclass(frozen=True)
class Segment:
    """One step of a path: a kind (`names`, `indexes`, `slice`, `all`, `deep`, `filter`, `length`) and its operand."""

    kind: str
    operand: Any = None

    @property
    def is_definite(self) -> bool:
        """Whether it selects one value at most."""
        return self.kind == "length" or (self.kind in {"names", "indexes"} and len(self.operand) == 1)


@dataclass(frozen=True)
class Path:
    """A parsed path: `root` is empty for the input, `$` for the context object, else a variable's name."""

    text: str
    root: str
    segments: tuple[Segment, ...]

    @property
    def is_definite(self) -> bool:
        """Whether it selects one value at most."""
        return all(segment.is_definite for segment in self.segments)


@functools.lru_cache(maxsize=2048)
def parse(text: str) -> Path:
    """Return the parsed path.

    Raises:
        PathError: The text is no path.
    """
    found = _ROOT.match(text)
    if not found:
        raise PathError(f"Invalid path '{text}': a path starts with $")
    return Path(text, found[1] or "", tuple(_segments(text, found.end())))


def select(path: Path, document: Any) -> Any:
    """Return what a path selects from its root.

    Raises:
        PathError: A definite path selects nothing.
    """
    values = [document]
    for segment in path.segments:
        values = [found for value in values for found in _step(segment, value)]
    if not path.is_definite:
        return values
    if not values:
        raise PathError(f"The JSONPath '{path.text}' could not be found in the input")
    return values[0]


def put(path: Path, document: Any, value: Any) -> Any:
    """Return the document with a value put where a reference path points; missing objects on the way are made.

    Raises:
        PathError: The path is no reference path, or leads through something that is no object.
    """
    if not path.is_definite or any(segment.kind == "length" for segment in path.segments):
        raise PathError(f"Invalid reference path '{path.text}': it must name one place")
    return _put(path, path.segments, document, value)


def _put(path: Path, segments: tuple[Segment, ...], document: Any, value: Any) -> Any:
    if not segments:
        return value
    key = segments[0].operand[0]
    if segments[0].kind == "indexes":
        if not isinstance(document, list) or not 0 <= key < len(document):
            raise PathError(f"Unable to apply path '{path.text}': there is no element {key}")
        return [_put(path, segments[1:], item, value) if at == key else item for at, item in enumerate(document)]
    if not isinstance(document, dict):
        raise PathError(f"Unable to apply path '{path.text}': '{key}' is put into something that is no object")
    return {**document, key: _put(path, segments[1:], copy.copy(document.get(key, {})), value)}


def _segments(text: str, at: int) -> Iterator[Segment]:
    while at < len(text):
        if text.startswith("..", at):
            yield Segment("deep")
            at += 2
            if text[at : at + 1] != "[":
                segment, at = _dotted(text, at)
                yield segment
        elif text[at] == ".":
            segment, at = _dotted(text, at + 1)
            yield segment
        elif text[at] == "[":
            end = _closing(text, at)
            yield _bracketed(text, text[at + 1 : end])
            at = end + 1
        else:
            raise PathError(f"Invalid path '{text}': unexpected '{text[at]}' at character {at + 1}")


def _dotted(text: str, at: int) -> tuple[Segment, int]:
    if text.startswith("length()", at):
        return Segment("length"), at + len("length()")
    if text.startswith("*", at):
        return Segment("all"), at + 1
    found = _NAME.match(text, at)
    if not found:
        raise PathError(f"Invalid path '{text}': a name is missing at character {at + 1}")
    return Segment("names", (found[0],)), found.end()


def _closing(text: str, at: int) -> int:
    depth, quote, index = 0, "", at
    while index < len(text):
        char = text[index]
        if quote:
            index += char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            depth += {"[": 1, "]": -1}.get(char, 0)
            if depth == 0:
                return index
        index += 1
    raise PathError(f"Invalid path '{text}': a bracket is not closed")


def _bracketed(text: str, inner: str) -> Segment:
    inner = inner.strip()
    if inner == "*":
        return Segment("all")
    if inner.startswith("?(") and inner.endswith(")"):
        try:
            return Segment("filter", path_filters.parse(inner[2:-1]))
        except ValueError as err:
            raise PathError(f"Invalid path '{text}': {err}") from err
    if sliced := _SLICE.match(inner):
        return Segment("slice", tuple(int(part) if part else None for part in sliced.groups()))
    names = _names(inner)
    if names:
        return Segment("names", names)
    try:
        return Segment("indexes", tuple(int(part) for part in inner.split(",")))
    except ValueError as err:
        raise PathError(f"Invalid path '{text}': '[{inner}]' is not understood") from err


def _names(inner: str) -> tuple[str, ...]:
    names, at = [], 0
    while found := _QUOTED.match(inner, at):
        names.append(re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2]))
        at = found.end() + 1
        if at > len(inner):
            return tuple(names)
        if inner[at - 1] != ",":
            return ()
    return ()


def _step(segment: Segment, value: Any) -> Iterator[Any]:
    if segment.kind == "names":
        if isinstance(value, Mapping):
            yield from (value[name] for name in segment.operand if name in value)
    elif segment.kind == "indexes":
        if isinstance(value, list):
            yield from (value[at] for at in segment.operand if -len(value) <= at < len(value))
    elif segment.kind == "slice":
        if isinstance(value, list):
            yield from value[slice(*segment.operand)]
    elif segment.kind == "length":
        if isinstance(value, list | Mapping | str):
            yield len(value)
    elif segment.kind == "deep":
        yield from _descendants(value)
    else:
        children = _children(value)
        yield from (item for item in children if segment.kind == "all" or segment.operand(item))


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _descendants(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value):
        yield from _descendants(child)
