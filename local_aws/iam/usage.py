"""Remember every decision, and tell what was used but not granted, and granted but never used."""

import hashlib
import itertools
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.iam.decisions import Decision, parsed
from local_aws.iam.evaluator import Policy, as_list, statements
from local_aws.iam.patterns import matches
from local_aws.moto_adapters import permissions

MAX_KINDS = 50_000
"""So many different decisions are told apart; more are counted as one."""
_VOLATILE = frozenset({"aws:CurrentTime"})


@dataclass(frozen=True)
class Grant:
    """One action that one statement of a role allows."""

    role: str
    policy: str
    statement: str
    action: str


class Usage:
    """The decisions of one running local AWS; equal ones are counted, not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._first: dict[tuple[Any, ...], tuple[str, Decision]] = {}
        self._unrestricted: Counter[tuple[str, str]] = Counter()

    def add(self, operation: str, decision: Decision) -> None:
        """Record a decision on one permission that an operation took."""
        request, asked = decision.request, decision.requirement.context
        # The rest of the context follows from the principal.
        own = frozenset((name, value if isinstance(value, str) else tuple(value)) for name, value in asked.items())
        subnets = decision.principal.subnets
        key = (request.session_arn, request.action, request.resource, decision.verdict.is_allowed, subnets, own)
        with self._lock:
            if key in self._first or len(self._first) < MAX_KINDS:
                self._first.setdefault(key, (operation, decision))
                self._counts[key] += 1

    def add_unrestricted(self, kind: str, operation: str) -> None:
        """Count a call of the administrator, or of a service, which no policy restricts."""
        with self._lock:
            self._unrestricted[kind, operation] += 1

    def clear(self) -> None:
        """Forget everything: a run starts."""
        with self._lock:
            self._counts.clear()
            self._first.clear()
            self._unrestricted.clear()

    def decisions(self) -> list[tuple[str, Decision, int]]:
        """Return operation, decision and count of every kind of call."""
        with self._lock:
            return [(*self._first[key], self._counts[key]) for key in self._first]

    def report(self, account_id: str) -> dict[str, Any]:
        """Return the report that `GET /_local_aws/iam/usage` answers."""
        found = self.decisions()
        documents: dict[str, Policy] = {}
        roles = permissions.all_roles(account_id)
        with self._lock:
            free = [{"principal": k, "operation": o, "count": n} for (k, o), n in sorted(self._unrestricted.items())]
        return {
            "schema_version": 1,
            "used_but_not_granted": [_denied(*item) for item in found if not item[1].verdict.is_allowed],
            "granted_but_never_used": [
                {"role": g.role, "policy": g.policy, "statement": g.statement, "action": g.action}
                for g in unused_grants(roles, (decision for _, decision, _ in found))
            ],
            "roles": _counts(found),
            "unrestricted": free,
            "calls": [_call(*item, documents) for item in found],
            "documents": documents,
        }


def unused_grants(roles: Iterable[permissions.Grants], decisions: Iterable[Decision]) -> Iterator[Grant]:
    """Iterate over what roles' own policies allow and no allowed call has used."""
    used: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for decision in decisions:
        if decision.verdict.is_allowed:
            for policy, statement in decision.verdict.granted_by:
                used[decision.request.principal_arn, policy, statement].add(decision.request.action)
    for role in roles:
        for policy, text in role.identity.items():
            yield from _unused_in(role.arn, policy, parsed(text), used)


def _unused_in(
    role: str, policy: str, document: Policy, used: Mapping[tuple[str, str, str], set[str]]
) -> Iterator[Grant]:
    for index, statement in enumerate(statements(document)):
        if statement["Effect"] != "Allow":
            continue
        name = str(statement.get("Sid", index))
        for action in as_list(statement.get("Action", "*")):
            if not any(matches(action, done, ignore_case=True) for done in used.get((role, policy, name), ())):
                yield Grant(role, policy, name, action)


def _denied(operation: str, decision: Decision, count: int) -> dict[str, Any]:
    request = decision.request
    return {
        "role": request.principal_arn,
        "operation": operation,
        "action": request.action,
        "resource": request.resource,
        "reason": decision.verdict.reason,
        "count": count,
    }


def _call(operation: str, decision: Decision, count: int, documents: dict[str, Policy]) -> dict[str, Any]:
    request, policies = decision.request, decision.policies
    return {
        "principal": request.principal_arn,
        "session": request.session_arn,
        "operation": operation,
        "action": request.action,
        "resource": request.resource,
        "context": {key: value for key, value in request.context.items() if key not in _VOLATILE},
        "allowed": decision.verdict.is_allowed,
        "reason": decision.verdict.reason,
        "granted_by": [list(item) for item in decision.verdict.granted_by],
        "count": count,
        "service": request.service,
        "identity": {name: _reference(policy, documents) for name, policy in policies.identity.items()},
        "boundary": _reference(policies.boundary, documents),
        "session_policy": _reference(policies.session, documents),
        "resource_policy": _reference(policies.resource, documents),
        "resource_policy_required": policies.resource_policy_required,
        "crosses_accounts": policies.crosses_accounts,
        "endpoint_policy": _reference(policies.endpoint, documents),
    }


def _reference(policy: Policy | None, documents: dict[str, Policy]) -> str | None:
    """Return the name under which a document stands in the report once, however many calls it decided."""
    if policy is None:
        return None
    name = hashlib.sha256(json.dumps(policy, sort_keys=True).encode()).hexdigest()[:12]
    documents[name] = policy
    return name


def _counts(found: Iterable[tuple[str, Decision, int]]) -> dict[str, dict[str, Any]]:
    by_role = itertools.groupby(
        sorted(found, key=lambda item: (item[1].request.principal_arn, item[1].request.action)),
        key=lambda item: item[1].request.principal_arn,
    )
    counts: dict[str, dict[str, Any]] = {}
    for role, items in by_role:
        allowed: Counter[str] = Counter()
        denied: Counter[str] = Counter()
        for _, decision, count in items:
            (allowed if decision.verdict.is_allowed else denied)[decision.request.action] += count
        counts[role] = {"allowed": dict(allowed), "denied": dict(denied)}
    return counts
