"""Decide one request by all policies that apply to it, as IAM does, within one account and across accounts.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
and reference_policies_evaluation-logic-cross-account.html there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_aws.iam import conditions
from local_aws.iam.patterns import Context, is_open, matches, substitute_in_arn

Policy = Mapping[str, Any]
"""A policy document: `Version`, `Statement`."""


class ParsedPolicy(dict[str, Any]):
    """A policy document that is never changed, and so remembers which of its statements speak of which action."""

    def __init__(self, document: Policy) -> None:
        super().__init__(document)
        self.about: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}


@dataclass(frozen=True)
class Request:
    """What a principal asks for.

    Attributes:
        principal_arn: The role's or user's ARN.
        session_arn: The assumed-role session's ARN, or the principal's.
        action: `service:Operation`.
        resource: The resource's ARN, or `*` for an action without resources.
        context: Condition keys and their values.
        service: Set when the caller is an AWS service principal such as `sagemaker.amazonaws.com`.
        federated: Set when an identity provider vouches for the caller: the provider's ARN.
    """

    principal_arn: str
    session_arn: str
    action: str
    resource: str
    context: Context
    service: str | None = None
    federated: str | None = None

    @property
    def account_id(self) -> str:
        """The principal's account."""
        return self.principal_arn.split(":")[4]


@dataclass(frozen=True)
class Policies:
    """The policies that apply to a request; None means that the type is absent and restricts nothing.

    Attributes:
        identity: Name → document of the role's managed and inline policies.
        boundary: The permissions boundary.
        resource: The bucket, key, queue, topic or trust policy.
        endpoint: The policy of the VPC endpoint that the call passes.
        resource_policy_required: True for KMS keys and role trust: an identity policy alone never grants.
        session: The session policy, given when the role was assumed.
        crosses_accounts: True where the resource is another account's: then both that account's resource policy and
            the principal's own policies must allow, and nothing bypasses the boundary.
    """

    identity: Mapping[str, Policy]
    boundary: Policy | None = None
    resource: Policy | None = None
    endpoint: Policy | None = None
    resource_policy_required: bool = False
    session: Policy | None = None
    crosses_accounts: bool = False


@dataclass(frozen=True)
class Verdict:
    """The decision, why, and which statements granted: (policy, Sid or index)."""

    is_allowed: bool
    reason: str
    granted_by: tuple[tuple[str, str], ...] = field(default=())


def evaluate(request: Request, policies: Policies) -> Verdict:
    """Decide a request.

    Explicit denies come first, then every restricting type must allow (endpoint, boundary, session), then one granting
    type must (identity or resource policy). A resource policy that names the session bypasses boundary and session
    policy; one that names everybody the boundary; one that names the role neither; one that names the account only
    enables identity policies.

    Source for the session: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    grant = _resource_grant(request, policies.resource)
    by_identity = tuple(
        (name, sid) for name, document in policies.identity.items() for sid in _allowing(request, document)
    )
    denial = _explicit_denial(request, policies) or _implicit_denial(request, policies, grant, bool(by_identity))
    if denial:
        return Verdict(is_allowed=False, reason=denial)
    by_resource = grant >= _PRINCIPAL and not policies.crosses_accounts
    reason = "a resource-based policy allows it" if by_resource else "an identity-based policy allows it"
    return Verdict(is_allowed=True, reason=reason, granted_by=by_identity)


_NONE, _ACCOUNT, _PRINCIPAL, _EVERYBODY, _SESSION = range(5)
"""How directly a resource policy's Principal names the caller."""


def _implicit_denial(request: Request, policies: Policies, grant: int, by_identity: bool) -> str:
    if policies.endpoint is not None and not _grants(request, policies.endpoint, with_principal=True):
        return "because no VPC endpoint policy allows the action"
    if (policies.resource_policy_required or policies.crosses_accounts) and grant == _NONE:
        return "because no resource-based policy allows the action"
    direct = _NONE if policies.crosses_accounts else grant
    if not by_identity and direct < _PRINCIPAL:
        return "because no identity-based policy allows the action"
    capping = (
        ("permissions boundary", policies.boundary, _EVERYBODY),
        ("session policy", policies.session, _SESSION),
    )
    for kind, document, bypassed_from in capping:
        if document is not None and direct < bypassed_from and not _grants(request, document):
            return f"because no {kind} allows the action"
    return ""


def _explicit_denial(request: Request, policies: Policies) -> str:
    for name, document in policies.identity.items():
        for _, statement in _about(request.action, document, "Deny"):
            if _applies(request, statement):
                return f"with an explicit deny in an identity-based policy ({name})"
    others = (
        ("permissions boundary", policies.boundary, False),
        ("session policy", policies.session, False),
        ("resource-based policy", policies.resource, True),
        ("VPC endpoint policy", policies.endpoint, True),
    )
    for kind, other, with_principal in others:
        if other is not None and _denies(request, other, with_principal=with_principal):
            return f"with an explicit deny in a {kind}"
    return ""


def _denies(request: Request, document: Policy, *, with_principal: bool) -> bool:
    return any(
        (not with_principal or principal_strength(request, statement) != _NONE) and _applies(request, statement)
        for _, statement in _about(request.action, document, "Deny")
    )


def _grants(request: Request, document: Policy, *, with_principal: bool = False) -> bool:
    return any(
        (not with_principal or principal_strength(request, statement) != _NONE) and _applies(request, statement)
        for _, statement in _about(request.action, document, "Allow")
    )


def _allowing(request: Request, document: Policy) -> list[str]:
    return [name for name, statement in _about(request.action, document, "Allow") if _applies(request, statement)]


def _resource_grant(request: Request, document: Policy | None) -> int:
    if document is None:
        return _NONE
    strengths = [
        principal_strength(request, statement)
        for _, statement in _about(request.action, document, "Allow")
        if _applies(request, statement)
    ]
    return max(strengths, default=_NONE)


def _about(action: str, document: Policy, effect: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return the statements of an effect that speak of an action, each with its Sid or index."""
    known = document.about if isinstance(document, ParsedPolicy) else {}
    if (action, effect) not in known:
        known[action, effect] = [
            (statement.get("Sid", str(index)), statement)
            for index, statement in enumerate(statements(document))
            if statement["Effect"] == effect and _action_applies(action, statement)
        ]
    return known[action, effect]


def statements(document: Policy) -> Sequence[Mapping[str, Any]]:
    """Return a policy's statements, whether it holds one or a list."""
    found = document.get("Statement", [])
    return [found] if isinstance(found, Mapping) else found


def as_list(value: Any) -> list[str]:
    """Return a policy element's values, whether it holds one or a list."""
    return [value] if isinstance(value, str) else list(value)


def _applies(request: Request, statement: Mapping[str, Any]) -> bool:
    return _resource_applies(request, statement) and conditions.holds(statement.get("Condition", {}), request.context)


def _action_applies(action: str, statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return not any(matches(pattern, action, ignore_case=True) for pattern in as_list(statement["NotAction"]))
    return any(matches(pattern, action, ignore_case=True) for pattern in as_list(statement["Action"]))


def _resource_applies(request: Request, statement: Mapping[str, Any]) -> bool:
    if "NotResource" in statement:
        excluded = as_list(statement["NotResource"])
        return not any(is_open(pattern, request.context) for pattern in excluded) and not _names_resource(
            request, excluded
        )
    # A trust policy has no Resource element: the role it is attached to is meant.
    return "Resource" not in statement or _names_resource(request, as_list(statement["Resource"]))


def _names_resource(request: Request, patterns: Sequence[str]) -> bool:
    replaced = (substitute_in_arn(pattern, request.context) for pattern in patterns)
    return any(pattern is not None and matches(pattern, request.resource) for pattern in replaced)


def principal_strength(request: Request, statement: Mapping[str, Any]) -> int:
    """Return how directly a statement's Principal names the caller: not at all, its account, itself, its session."""
    if "NotPrincipal" in statement:
        named = _strength(request, statement["NotPrincipal"])
        return _PRINCIPAL if named == _NONE else _NONE
    return _strength(request, statement.get("Principal", {}))


def _strength(request: Request, principal: str | Mapping[str, Any]) -> int:
    if principal == "*":
        return _EVERYBODY
    if isinstance(principal, str):
        return _NONE
    if request.federated is not None:
        return _SESSION if request.federated in as_list(principal.get("Federated", [])) else _NONE
    if request.service is not None:
        return _SESSION if request.service in as_list(principal.get("Service", [])) else _NONE
    return max((_aws_strength(request, name) for name in as_list(principal.get("AWS", []))), default=_NONE)


def _aws_strength(request: Request, name: str) -> int:
    if name == "*":
        return _EVERYBODY
    if name == request.session_arn:
        return _SESSION
    if name == request.principal_arn:
        return _PRINCIPAL
    if name in (request.account_id, f"arn:aws:iam::{request.account_id}:root"):
        return _ACCOUNT
    return _NONE
