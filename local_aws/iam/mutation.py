"""Prove that each grant is needed and each limit is guarded, by changing policies and deciding recorded calls again.

Dropping a granted action, or one of several resources, must deny a call that was recorded; widening a statement's
resource to `*` or to its siblings, or removing one of its conditions, must allow a request that has to be denied. What
survives is superfluous, or untested.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_aws.iam.evaluator import Policies, Policy, Request, as_list, evaluate, statements
from local_aws.iam.findings import Finding
from local_aws.iam.patterns import matches

_ARN_PARTS = 6
_SEPARATOR = re.compile("([/:])")

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
                crosses_accounts=call["crosses_accounts"],
            ),
            call["allowed"],
        )
        for call in report["calls"]
        if call["service"] is None and call["identity"]
    ]


@dataclass(frozen=True)
class _Mutant:
    """One change of a role's own policies, and the statement as it was."""

    finding: Finding
    documents: Documents
    statement: Mapping[str, Any]

    def speaks_of(self, case: Case) -> bool:
        """Tell whether the change can matter to a case: most cannot, and deciding them takes long."""
        actions = as_list(self.statement.get("Action", "*"))
        return any(matches(pattern, case.request.action, ignore_case=True) for pattern in actions)


def survivors(recorded: Iterable[Case], negatives: Iterable[Case]) -> list[Finding]:
    """Return every change of a role's own policies that nothing notices.

    Args:
        recorded: What the work calls; only its allowed cases count.
        negatives: What must be denied.
    """
    work = [case for case in recorded if case.is_allowed and evaluate(case.request, case.policies).is_allowed]
    attempts = [case for case in negatives if not _is_allowed(case, case.policies.identity)]
    roles: dict[str, Documents] = {case.request.principal_arn: case.policies.identity for case in [*attempts, *work]}
    found: set[Finding] = set()
    for role, documents in roles.items():
        own = [case for case in work if case.request.principal_arn == role]
        against = [case for case in attempts if case.request.principal_arn == role]
        found.update(mutant.finding for mutant in _drops(role, documents) if not _breaks(own, mutant))
        found.update(mutant.finding for mutant in _widenings(role, documents) if not _opens(against, mutant))
    return sorted(found)


def _breaks(work: Iterable[Case], mutant: _Mutant) -> bool:
    return any(
        mutant.speaks_of(case)
        and not evaluate(case.request, replace(case.policies, identity=mutant.documents)).is_allowed
        for case in work
    )


def _opens(attempts: Iterable[Case], mutant: _Mutant) -> bool:
    """Tell whether the role's own policies, without any other that would still deny, now allow an attempt."""
    return any(mutant.speaks_of(case) and _is_allowed(case, mutant.documents) for case in attempts)


def _is_allowed(case: Case, documents: Documents) -> bool:
    return evaluate(case.request, Policies(documents)).is_allowed


def _drops(role: str, documents: Documents) -> Iterator[_Mutant]:
    for policy, index, statement in _statements(documents, "Allow"):
        name = _name(index, statement)
        actions, resources = as_list(statement.get("Action", [])), as_list(statement.get("Resource", "*"))
        for action in actions:
            left = [other for other in actions if other != action]
            changed = [{**statement, "Action": left}] if left else []
            yield _Mutant(
                Finding("drop", role, name, action), _with(documents, policy, index, changed), {"Action": action}
            )
        for resource in resources if len(resources) > 1 else []:
            changed = [{**statement, "Resource": [other for other in resources if other != resource]}]
            finding = Finding("drop", role, name, f"Resource {resource}")
            yield _Mutant(finding, _with(documents, policy, index, changed), statement)


def _widenings(role: str, documents: Documents) -> Iterator[_Mutant]:
    for policy, index, statement in _statements(documents, "Deny"):
        finding = Finding("widen", role, _name(index, statement), "Deny")
        yield _Mutant(finding, _with(documents, policy, index, []), statement)
    for policy, index, statement in _statements(documents, "Allow"):
        for what, changed in [*_wider_resources(statement), *_fewer_conditions(statement)]:
            finding = Finding("widen", role, _name(index, statement), what)
            yield _Mutant(finding, _with(documents, policy, index, [{**statement, **changed}]), statement)


def _wider_resources(statement: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    resources = as_list(statement.get("Resource", "*"))
    if resources != ["*"]:
        yield "Resource", {"Resource": "*"}
    for resource in resources:
        if (wider := siblings(resource)) != resource:
            yield f"Resource {resource}", {"Resource": [wider, *(other for other in resources if other != resource)]}


def _fewer_conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    condition = statement.get("Condition", {})
    for operator, keys in condition.items():
        for key in keys:
            left = {other: keys[other] for other in keys if other != key}
            yield f"Condition {operator} {key}", {"Condition": {**condition, operator: left}}


def siblings(resource: str) -> str:
    """Return the pattern of a resource's siblings: another object of the bucket, another role, another pipeline.

    A pattern that names no more than a kind of resource (`training-job/*`) has none.
    """
    *head, name = resource.split(":", _ARN_PARTS - 1)
    if len(head) < _ARN_PARTS - 1 or name == "*":
        return resource
    kind, *rest = _SEPARATOR.split(name, maxsplit=1)
    if not rest:
        return ":".join([*head, "*"])
    separator, below = rest
    return ":".join([*head, f"{kind}{separator}*"]) if below.strip("*/:") else resource


def _statements(documents: Documents, effect: str) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    for policy, document in documents.items():
        for index, statement in enumerate(statements(document)):
            if statement["Effect"] == effect:
                yield policy, index, statement


def _name(index: int, statement: Mapping[str, Any]) -> str:
    return str(statement.get("Sid", index))


def _with(documents: Documents, policy: str, index: int, changed: Sequence[Mapping[str, Any]]) -> Documents:
    kept = list(statements(documents[policy]))
    return {**documents, policy: {"Statement": [*kept[:index], *changed, *kept[index + 1 :]]}}
