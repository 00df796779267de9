"""Read the filter of a path: `@.price < 10 && (@.kind == 'a' || !@.gone)`."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Filter = Callable[[Any], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))|(?P<path>@(?:\.\w+|\[\s*(?:'[^']*'|\"[^\"]*\"|\d+)\s*\])*)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>true|false|null))"
)
_PART = re.compile(r"\.(\w+)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\]")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"true": True, "false": False, "null": None}
_MISSING = object()


def parse(text: str) -> Filter:
    """Return the filter as a predicate.

    Raises:
        ValueError: The text is no filter.
    """
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(f"the filter '{text}' is not understood at '{text[at:]}'")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    parser = _Parser(tokens, text)
    result = parser.alternative()
    if parser.tokens:
        raise ValueError(f"the filter '{text}' does not end where it should")
    return result


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self.tokens, self._text = tokens, text

    def alternative(self) -> Filter:
        parts = [self._conjunction()]
        while self._takes("||"):
            parts.append(self._conjunction())
        return lambda item: any(part(item) for part in parts)

    def _conjunction(self) -> Filter:
        parts = [self._term()]
        while self._takes("&&"):
            parts.append(self._term())
        return lambda item: all(part(item) for part in parts)

    def _term(self) -> Filter:
        if self._takes("!"):
            inner = self._term()
            return lambda item: not inner(item)
        if self._takes("("):
            inner = self.alternative()
            if not self._takes(")"):
                raise ValueError(f"the filter '{self._text}' misses a ')'")
            return inner
        left = self._operand()
        if self.tokens and self.tokens[0][1] in _COMPARISONS:
            compare = _COMPARISONS[self.tokens.pop(0)[1]]
            right = self._operand()
            return lambda item: _compared(compare, left(item), right(item))
        return lambda item: left(item) is not _MISSING

    def _operand(self) -> Callable[[Any], Any]:
        if not self.tokens or self.tokens[0][0] == "op":
            raise ValueError(f"the filter '{self._text}' misses a value")
        kind, text = self.tokens.pop(0)
        if kind == "path":
            keys = [name or single or double or int(index) for name, single, double, index in _PART.findall(text)]
            return lambda item: _at(item, keys)
        value = _WORDS[text] if kind == "word" else text[1:-1] if kind == "text" else float(text)
        return lambda _: value

    def _takes(self, text: str) -> bool:
        if self.tokens and self.tokens[0] == ("op", text):
            self.tokens.pop(0)
            return True
        return False


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if left is _MISSING or right is _MISSING:
        return False
    try:
        return compare(left, right)
    except TypeError:
        return False


def _at(item: Any, keys: list[Any]) -> Any:
    for key in keys:
        is_there = key in item if isinstance(item, Mapping) else _is_index(item, key)
        if not is_there:
            return _MISSING
        item = item[key]
    return item


def _is_index(item: Any, key: Any) -> bool:
    return isinstance(item, list) and isinstance(key, int) and key < len(item)
