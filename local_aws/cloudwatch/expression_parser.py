"""Parse metric math expressions.

Grammar, loosest first: OR/|| · AND/&& · comparisons · + - · * / · ^ · unary minus · call, array, name, number, text.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
"""

import functools
import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<operator>\|\||&&|==|!=|<=|>=|[-+*/^<>(),\[\]]))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("OR", "||"),
    ("AND", "&&"),
    ("==", "!=", "<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/"),
    ("^",),
)
_SAME = {"||": "OR", "&&": "AND"}


class ExpressionError(ValueError):
    """An expression that is wrong, or uses what the local AWS does not know."""


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Text:
    """A quoted text."""

    value: str


@dataclass(frozen=True)
class Name:
    """The id of a query, or a word such as REPEAT."""

    value: str


@dataclass(frozen=True)
class Array:
    """Several expressions in brackets."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Apply:
    """A function or an operator with its arguments."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Text | Name | Array | Apply


@functools.lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        ExpressionError: It is not well-formed; the message says where.
    """
    parser = _Parser(text)
    node = parser.level(0)
    parser.expect("")
    return node


def names_in(node: Node) -> set[str]:
    """Return the ids that an expression refers to."""
    match node:
        case Name(value):
            return {value}
        case Array(items) | Apply(_, items):
            return set().union(*(names_in(item) for item in items))
        case _:
            return set()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._tokens, position = text, list[tuple[str, str]](), 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if not found:
                raise ExpressionError(f"Error in expression '{text}': unexpected '{text[position:].strip()[0]}'")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()
        self._tokens.append(("end", ""))

    def level(self, number: int) -> Node:
        if number == len(_LEVELS):
            return self._unary()
        left = self.level(number + 1)
        while self._peek() in _LEVELS[number]:
            operator = self._next()
            left = Apply(_SAME.get(operator, operator), (left, self.level(number + 1)))
        return left

    def expect(self, token: str) -> None:
        if self._peek() != token:
            wanted = f"'{token}'" if token else "the end"
            raise ExpressionError(f"Error in expression '{self._text}': expected {wanted}, found '{self._peek()}'")
        if token:
            self._next()

    def _unary(self) -> Node:
        if self._peek() == "-":
            self._next()
            return Apply("-", (Number(0.0), self._unary()))
        return self._primary()

    def _primary(self) -> Node:
        kind, token = self._tokens[0]
        if kind == "end" or token in {")", "]", ","}:
            raise ExpressionError(f"Error in expression '{self._text}': a value is missing")
        self._next()
        if kind == "number":
            return Number(float(token))
        if kind == "text":
            return Text(token[1:-1])
        if kind == "name":
            return Apply(token.upper(), self._items(")")) if self._peek() == "(" and self._next() else Name(token)
        if token == "[":  # noqa: S105 - no password, a bracket
            return Array(self._items("]"))
        if token == "(":  # noqa: S105 - as above
            inner = self.level(0)
            self.expect(")")
            return inner
        raise ExpressionError(f"Error in expression '{self._text}': unexpected '{token}'")

    def _items(self, close: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while self._peek() != close:
            items.append(self.level(0))
            if self._peek() != close:
                self.expect(",")
        self.expect(close)
        return tuple(items)

    def _peek(self) -> str:
        return self._tokens[0][1]

    def _next(self) -> str:
        return self._tokens.pop(0)[1]
