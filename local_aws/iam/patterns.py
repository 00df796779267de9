"""Match IAM's wildcards: `*` any run of characters, `?` exactly one."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

ContextValue = str | Sequence[str]
Context = Mapping[str, ContextValue]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
_ARN_PARTS = 6


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Tell whether a value fits a pattern with `*` and `?`."""
    return _compile(pattern, ignore_case).fullmatch(value) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Tell whether an ARN fits a pattern part by part: a wildcard never crosses one of the first five colons.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    (Amazon Resource Name condition operators).
    """
    wanted, given = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    return len(wanted) == len(given) and all(matches(w, g) for w, g in zip(wanted, given, strict=True))


def substitute(pattern: str, context: Context) -> str | None:
    """Replace policy variables by their values; None where one has no value, so that nothing matches.

    A substituted value is taken literally: its `*` and `?` are no wildcards.
    """
    missing = False

    def value_of(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = (part.strip() for part in found[1].partition(","))
        if name in _LITERALS:
            return _escape(_LITERALS[name])
        value = lookup(context, name)
        if isinstance(value, str):
            return _escape(value)
        if default:
            return _escape(default.strip("'"))
        missing = True
        return ""

    replaced = _VARIABLE.sub(value_of, pattern)
    return None if missing else replaced


def substitute_in_arn(pattern: str, context: Context) -> str | None:
    """Replace policy variables in an ARN: they stand after its fifth colon only, elsewhere nothing matches.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (where you can use them).
    """
    if "${" not in pattern:
        return pattern
    *head, tail = pattern.split(":", _ARN_PARTS - 1)
    replaced = substitute(tail, context)
    return None if replaced is None or any("${" in part for part in head) else ":".join([*head, replaced])


def is_open(pattern: str, context: Context) -> bool:
    """Tell whether a policy variable in an ARN has no value, so that nobody can say what the ARN names."""
    return "${" in pattern and substitute(pattern.split(":", _ARN_PARTS - 1)[-1], context) is None


def lookup(context: Context, key: str) -> ContextValue | None:
    """Return a context key's value; names of keys ignore case."""
    lowered = key.lower()
    return next((value for name, value in context.items() if name.lower() == lowered), None)


def _escape(literal: str) -> str:
    return literal.replace("*", "\x00").replace("?", "\x01")


@cache
def _compile(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    regex = "".join(_REGEX.get(character) or re.escape(character) for character in pattern)
    return re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


_REGEX = {"*": ".*", "?": ".", "\x00": r"\*", "\x01": r"\?"}
