"""Prove that each grant is needed and each limit is guarded, by changing policies and deciding recorded calls again.

Dropping a granted action must deny a call that was recorded; widening a statement's Resource to `*`, or removing one
of its conditions, must allow a request that has to be denied. What survives is superfluous, or untested.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_aws.iam.evaluator import Policies, Policy, Request, as_list, evaluate, statements
from local_aws.iam.findings import Finding

Documents = Mapping[str, Policy]
"""Policy name → document."""


@dataclass(frozen=True)
class Case:
    """A request that was decided, and the policies that decided it."""

    request: Request
    policies: Policies
    is_allowed: bool


def cases_of(report: Mapping[str, Any]) -> list[Case]:
    """Return the decisions on roles' own calls that a usage report holds."""
    documents: dict[str | None, Policy] = report["documents"]
    return [
        Case(
            Request(call["principal"], call["session"], call["action"], call["resource"], call["context"]),
            Policies(
                identity={name: documents[reference] for name, reference in call["identity"].items()},
                boundary=documents.get(call["boundary"]),
                resource=documents.get(call["resource_policy"]),
                endpoint=documents.get(call["endpoint_policy"]),
                resource_policy_required=call["resource_policy_required"],
                session=documents.get(call["session_policy"]),
            ),
            call["allowed"],
        )
        for call in report["calls"]
        if call["service"] is None and call["identity"]
    ]


def survivors(recorded: Iterable[Case], negatives: Iterable[Case]) -> list[Finding]:
    """Return every change of a role's own policies that nothing notices.

    Args:
        recorded: What the work calls; only its allowed cases count.
        negatives: What must be denied.
    """
    work = [case for case in recorded if case.is_allowed]
    attempts = list(negatives)
    roles: dict[str, Documents] = {case.request.principal_arn: case.policies.identity for case in [*attempts, *work]}
    found: set[Finding] = set()
    for role, documents in roles.items():
        own = [case for case in work if case.request.principal_arn == role]
        against = [case for case in attempts if case.request.principal_arn == role]
        found.update(item for item, mutant in _drops(role, documents) if not _breaks(own, mutant))
        found.update(item for item, mutant in _widenings(role, documents) if not _opens(against, documents, mutant))
    return sorted(found)


def _breaks(work: Iterable[Case], mutant: Documents) -> bool:
    return any(not evaluate(case.request, replace(case.policies, identity=mutant)).is_allowed for case in work)


def _opens(attempts: Iterable[Case], before: Documents, after: Documents) -> bool:
    """Tell whether the role's own policies, without any other that would still deny, now allow an attempt."""
    return any(
        not evaluate(case.request, Policies(before)).is_allowed and evaluate(case.request, Policies(after)).is_allowed
        for case in attempts
    )


def _drops(role: str, documents: Documents) -> Iterator[tuple[Finding, Documents]]:
    for policy, index, statement in _grants(documents):
        actions = as_list(statement.get("Action", []))
        for action in actions:
            left = [other for other in actions if other != action]
            changed = [{**statement, "Action": left}] if left else []
            yield Finding("drop", role, _name(index, statement), action), _with(documents, policy, index, changed)


def _widenings(role: str, documents: Documents) -> Iterator[tuple[Finding, Documents]]:
    for policy, index, statement in _grants(documents):
        name = _name(index, statement)
        if as_list(statement.get("Resource", "*")) != ["*"]:
            changed = {**statement, "Resource": "*"}
            yield Finding("widen", role, name, "Resource"), _with(documents, policy, index, [changed])
        condition = statement.get("Condition", {})
        for operator, keys in condition.items():
            for key in keys:
                left = {**condition, operator: {other: keys[other] for other in keys if other != key}}
                what = f"Condition {operator} {key}"
                changed = {**statement, "Condition": left}
                yield Finding("widen", role, name, what), _with(documents, policy, index, [changed])


def _grants(documents: Documents) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    for policy, document in documents.items():
        for index, statement in enumerate(statements(document)):
            if statement["Effect"] == "Allow":
                yield policy, index, statement


def _name(index: int, statement: Mapping[str, Any]) -> str:
    return str(statement.get("Sid", index))


def _with(documents: Documents, policy: str, index: int, changed: Sequence[Mapping[str, Any]]) -> Documents:
    kept = list(statements(documents[policy]))
    return {**documents, policy: {"Statement": [*kept[:index], *changed, *kept[index + 1 :]]}}
