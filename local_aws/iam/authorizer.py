"""Authorise every request before anything answers it, and refuse in AWS's words."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from local_aws.errors import ApiError, ValidationError
from local_aws.http_server import Environ
from local_aws.iam.call_requirements import UnmappedError, requirements_of
from local_aws.iam.calls import Call, read_body, read_call
from local_aws.iam.decisions import Decision, decide, decide_trust
from local_aws.iam.evaluator import Policies, Request, Verdict
from local_aws.iam.principals import Principal, Principals, session_arn
from local_aws.iam.requirements import Place, Requirement, passed_roles
from local_aws.iam.sagemaker_requirements import job_arn, platform_requirements, volume_requirements
from local_aws.iam.usage import Usage
from local_aws.moto_adapters import permissions

_FORBIDDEN = 403
_ASSUMING = ("AssumeRole", "AssumeRoleWithWebIdentity")
_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")
_UNQUOTED_CODES = {"ec2": "UnauthorizedOperation"}


class AccessDeniedError(ApiError):
    """The caller lacks a permission."""

    code = "AccessDeniedException"


class Authorizer:
    """Decide requests by the policies of the running local AWS.

    Args:
        mode: `enforce` refuses what policies do not allow; `record` lets it pass and writes it down.
        principals: Resolves access keys.
        pipeline_role: Returns the role of a pipeline by name, account and region.
        last_version: Returns the last version in a model package group by name, account and region.
    """

    def __init__(
        self,
        mode: str,
        principals: Principals,
        pipeline_role: Callable[[str, Place], str | None],
        last_version: Callable[[str, Place], int],
    ) -> None:
        self._is_enforcing = mode == "enforce"
        self._principals, self._pipeline_role, self._last_version = principals, pipeline_role, last_version
        self.usage = Usage()

    def authorize(self, environ: Environ, access_key: str, service: str, place: Place) -> None:
        """Let a request pass, or refuse it.

        Raises:
            AccessDeniedError: A permission is missing.
            ValidationError: SageMaker may not assume a role that the request hands over.
        """
        principal = self._principals.of(access_key)
        if principal.kind == "anonymous":
            self._authorize_anonymous(environ, place)
            return
        if principal.kind == "unknown":
            self._refuse(_invalid_key(service))
            return
        call = read_call(environ, service)
        operation = f"{call.service}:{call.operation}"
        if principal.is_unrestricted:
            self.usage.add_unrestricted(principal.kind, operation)
            self._check_role_exists(call, place)
        elif call.service == "sts" and call.operation in _ASSUMING:
            self._assume(principal, call, operation)
            return
        else:
            self._check_all(principal, call, operation, place)
        self._check_handed_roles(principal, call, operation, place)

    def _check_role_exists(self, call: Call, place: Place) -> None:
        """Let the administrator assume any role, so that its limits can be tried, but none that does not exist."""
        if (call.service, call.operation) != ("sts", "AssumeRole"):
            return
        role_arn = self._role_to_assume(call)
        if permissions.role(role_arn) is None:
            administrator = f"arn:aws:iam::{place.account_id}:root"
            text = f"User: {administrator} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            self._refuse(_denial("sts", text))

    def denial_of_role(self, role_arn: str, operation: str, needed: Sequence[Requirement], place: Place) -> str:
        """Decide what a service does under a role beside its calls; return why it may not, or nothing where it may."""
        session = _session(role_arn)
        if session.grants is None:
            return ""  # see Principal.is_unrestricted
        decisions = [(requirement, self._decide(session, requirement, operation, place)) for requirement in needed]
        denied = [one for requirement, one in decisions if requirement.decides and not one.verdict.is_allowed]
        return denial_text(denied[0]) if denied and self._is_enforcing else ""

    def _role_to_assume(self, call: Call) -> str:
        role_arn = str(call.parameters.get("RoleArn", ""))
        if not _ROLE_ARN.fullmatch(role_arn):
            error = ValidationError(f"{role_arn} is invalid")
            error.code = "ValidationError"
            raise error  # also where nothing is enforced: there is nothing to look at
        return role_arn

    def _check_all(self, principal: Principal, call: Call, operation: str, place: Place) -> None:
        try:
            needed = requirements_of(call, place, lambda group: self._last_version(group, place))
        except UnmappedError as err:
            needed = [Requirement(str(err), "*")]
            text = f"The local AWS does not know which permissions {err} takes; add it to local_aws/iam."
            verdict = Verdict(is_allowed=False, reason=text)
            request = Request(principal.arn, principal.session_arn, str(err), "*", {})
            self.usage.add(operation, Decision(principal, needed[0], request, Policies({}), verdict))
            self._refuse(_denial(call.service, f"User: {principal.session_arn} is not authorized. {text}"))
            return
        for requirement in needed:
            self._check(principal, requirement, operation, call.service, place)

    def _check(
        self, principal: Principal, requirement: Requirement, operation: str, service: str, place: Place
    ) -> None:
        decision = self._decide(principal, requirement, operation, place)
        if not decision.verdict.is_allowed and requirement.decides:
            self._refuse(_denial(service, denial_text(decision)))

    def _decide(self, principal: Principal, requirement: Requirement, operation: str, place: Place) -> Decision:
        decision = decide(principal, requirement, place)
        self.usage.add(operation, decision)
        return decision

    def _check_handed_roles(self, principal: Principal, call: Call, operation: str, place: Place) -> None:
        """Check that SageMaker may assume the roles of what it is to run, and that they suffice to start it."""
        if call.service == "cloudformation":
            self._check_stack_role(call, operation, place)
        if call.service != "sagemaker" or call.operation.startswith(("Describe", "List")):
            return
        roles = [arn for arn, _ in passed_roles("sagemaker", call.operation, call.parameters)]
        if call.operation == "StartPipelineExecution":
            name = str(call.parameters.get("PipelineName", "")).rpartition("/")[2]
            roles = [role] if (role := self._pipeline_role(name, place)) else []
        if principal.is_unrestricted:
            roles = [arn for arn in roles if permissions.role(arn) is not None]
        if not roles:
            return
        source = job_arn(call.operation, call.parameters, place, lambda group: self._last_version(group, place))
        for arn in roles:
            self._check_trust(arn, source, operation, place)
            self._check_platform(arn, call, operation, place)
        self._check_volumes(principal, roles, call, operation, place)

    def _check_stack_role(self, call: Call, operation: str, place: Place) -> None:
        """Check that CloudFormation may assume the role under which it is to act on a stack."""
        role_arn = str(call.parameters.get("RoleARN") or "")
        if role_arn and not self._is_trusting(role_arn, "cloudformation.amazonaws.com", {}, operation, place):
            error = ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
            error.code = "ValidationError"
            self._refuse(error)

    def _check_trust(self, role_arn: str, source_arn: str, operation: str, place: Place) -> None:
        context = {"aws:SourceAccount": place.account_id, "aws:SourceArn": source_arn}
        service = "sagemaker.amazonaws.com"
        if not self._is_trusting(role_arn, service, context, operation, place):
            text = f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal"
            self._refuse(ValidationError(f"{text} '{service}' to assume the role."))

    def _is_trusting(self, role_arn: str, service: str, context: dict[str, str], operation: str, place: Place) -> bool:
        """Tell whether a role lets a service assume it, and record that."""
        caller = f"arn:aws:iam::{place.account_id}:{service}"
        request = Request(caller, caller, "sts:AssumeRole", role_arn, context, service=service)
        verdict, policies = decide_trust(request, role_arn)
        requirement = Requirement("sts:AssumeRole", role_arn, context)
        self.usage.add(operation, Decision(Principal("service"), requirement, request, policies, verdict))
        return verdict.is_allowed

    def _check_platform(self, role_arn: str, call: Call, operation: str, place: Place) -> None:
        session = _session(role_arn)
        for requirement in platform_requirements(call.operation, call.parameters, place):
            decision = self._decide(session, requirement, operation, place)
            if not decision.verdict.is_allowed and requirement.decides:
                self._refuse(ValidationError(f"{denial_text(decision)}. The job's role needs it to start the job."))

    def _check_volumes(self, principal: Principal, roles: list[str], call: Call, operation: str, place: Place) -> None:
        """Check that the caller or the job's role may let AWS use the volumes' key; either is enough."""
        for requirement in volume_requirements(call.parameters, place):
            sessions = [_session(arn) for arn in roles]
            callers = [] if principal.is_unrestricted else [principal]
            asked = [decide(one, requirement, place) for one in [*sessions, *callers]]
            allowed = [decision for decision in asked if decision.verdict.is_allowed]
            for decision in allowed or asked[-1:]:
                self.usage.add(operation, decision)
            if not allowed:
                self._refuse(_denial("sagemaker", denial_text(asked[-1])))

    def _assume(self, principal: Principal, call: Call, operation: str) -> None:
        role_arn = self._role_to_assume(call)
        context: dict[str, str] = {
            "aws:PrincipalArn": principal.arn,
            "aws:PrincipalAccount": principal.account_id,
            "sts:RoleSessionName": str(call.parameters.get("RoleSessionName", "")),
            "aws:SecureTransport": "true",
        }
        if external_id := call.parameters.get("ExternalId"):
            context["sts:ExternalId"] = str(external_id)
        request = Request(principal.arn, principal.session_arn, "sts:AssumeRole", role_arn, context)
        self._settle_assumption(principal, request, operation)

    def _authorize_anonymous(self, environ: Environ, place: Place) -> None:
        """Let nobody do anything, but exchange an identity provider's token for a role."""
        if environ["PATH_INFO"].startswith("/moto-api"):
            return
        if b"Action=AssumeRoleWithWebIdentity" in read_body(environ):
            self._assume_with_token(read_call(environ, "sts"), place)
            return
        self._refuse(_denial("s3", "Access Denied"))

    def _assume_with_token(self, call: Call, place: Place) -> None:
        claims = _claims(str(call.parameters.get("WebIdentityToken", "")))
        issuer = str(claims.get("iss", "")).removeprefix("https://")
        provider = f"arn:aws:iam::{place.account_id}:oidc-provider/{issuer}"
        role_arn = self._role_to_assume(call)
        context = {f"{issuer}:{name}": str(claims[name]) for name in ("sub", "aud") if name in claims}
        action = "sts:AssumeRoleWithWebIdentity"
        known = provider if permissions.has_oidc_provider(provider) else "unknown"
        request = Request(provider, provider, action, role_arn, context, federated=known)
        self._settle_assumption(Principal("federated", provider, provider), request, f"sts:{call.operation}")

    def _settle_assumption(self, principal: Principal, request: Request, operation: str) -> None:
        verdict, policies = decide_trust(request, request.resource)
        requirement = Requirement(request.action, request.resource, request.context)
        decision = Decision(principal, requirement, request, policies, verdict)
        self.usage.add(operation, decision)
        if verdict.is_allowed:
            return
        if request.federated:
            # AWS tells nobody outside why.
            self._refuse(_denial("sts", f"Not authorized to perform {request.action}"))
        else:
            self._refuse(_denial("sts", denial_text(decision)))

    def _refuse(self, error: ApiError) -> None:
        if self._is_enforcing:
            raise error


def _session(role_arn: str) -> Principal:
    return Principal("role", role_arn, session_arn(role_arn, "SageMaker"), grants=permissions.role(role_arn))


def denial_text(decision: Decision) -> str:
    """Return AWS's message for a denied request."""
    request = decision.request
    quoted = f'"{request.resource}"' if request.action.startswith("s3:") else request.resource
    where = decision.requirement.shown or f"resource: {quoted}"
    reason = decision.verdict.reason.replace("the action", f"the {request.action} action")
    return f"User: {request.session_arn} is not authorized to perform: {request.action} on {where} {reason}"


def _denial(service: str, text: str) -> AccessDeniedError:
    error = AccessDeniedError(text)
    if service in {"s3", "cloudformation", "cloudwatch", "iam", "sns", "sts", "ec2"}:
        error.code = _UNQUOTED_CODES.get(service, "AccessDenied")
        error.status = _FORBIDDEN
    return error


def _invalid_key(service: str) -> AccessDeniedError:
    error = AccessDeniedError("The security token included in the request is invalid.")
    error.code = "InvalidAccessKeyId" if service == "s3" else "InvalidClientTokenId"
    if service not in {"s3", "sts", "iam"}:
        error.code = "UnrecognizedClientException"
    error.status = _FORBIDDEN
    return error


def _claims(token: str) -> dict[str, Any]:
    """Return a JSON Web Token's claims; its signature is not verified, as no provider is reachable."""
    part = token.split(".")[1] if token.count(".") >= 1 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
