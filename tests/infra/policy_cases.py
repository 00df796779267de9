"""Requests against the synthesised policies: those that a run recorded, and those that must be denied."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.checks.assembly import ACCOUNT, REGION, Assembly
from infra.checks.policies import RolePolicies, roles
from local_aws.iam.evaluator import Policies, Request
from local_aws.iam.mutation import Case
from local_aws.iam.recording import placeholder, without_digests

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "infra" / "recorded_calls.jsonl"
DENIED = ROOT / "infra" / "must_be_denied.toml"
HOW_TO_RECORD = (
    f"make clean && make run && .venv/bin/python -m local_aws iam-report --record {RECORDED.relative_to(ROOT)}"
)
EXECUTION = "Delivery/Execution"
_EVERYWHERE = {
    "aws:PrincipalAccount": ACCOUNT,
    "aws:ResourceAccount": ACCOUNT,
    "aws:RequestedRegion": REGION,
    "aws:SecureTransport": "true",
}
_PLACEHOLDER = re.compile(r"\{(\w+/\w+)\}")


@dataclass(frozen=True)
class Call:
    """One request in placeholders, by the role's short name."""

    role: str
    action: str
    resource: str
    context: Mapping[str, Any]


class PolicyCases:
    """Resolve requests against one assembly.

    Attributes:
        roles: Short name, such as `Identities/Training`, → role; CloudFormation's is `Delivery/Execution`.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.roles = {**roles(assembly), EXECUTION: _execution(assembly)}
        self._names = {
            placeholder(resource.stack, resource.logical_id): _name(assembly, resource.stack, resource.logical_id)
            for resource in assembly.resources()
        }
        self._recorded = [Call(**json.loads(line)) for line in RECORDED.read_text(encoding="utf-8").splitlines()]

    def recorded(self) -> list[Case]:
        """Return the recorded calls of the roles that there are."""
        return [self._case(call, is_allowed=True) for call in self._recorded if call.role in self.roles]

    def denied(self) -> list[tuple[str, Case]]:
        """Return what must be denied, each with why."""
        return [
            (entry["why"], self._case(call, is_allowed=False))
            for entry in self.entries()
            for call in self.calls_of(entry)
        ]

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the file of requests that must be denied."""
        found: list[dict[str, Any]] = tomllib.loads(DENIED.read_text(encoding="utf-8"))["denied"]
        return found

    def calls_of(self, entry: Mapping[str, Any]) -> list[Call]:
        """Return the requests of an entry: every role with every action on every resource."""
        return [
            call
            for role in self.roles
            if any(fnmatchcase(role, pattern) for pattern in _as_list(entry["role"]))
            for action in _as_list(entry["action"])
            for call in self._variants(role, action, entry)
        ]

    def _variants(self, role: str, action: str, entry: Mapping[str, Any]) -> Iterator[Call]:
        """Iterate over a role's recorded calls of an action, changed as an entry says; without any, over its own."""
        like = [call for call in self._recorded if (call.role, call.action) == (role, action)]
        contexts = list({json.dumps(call.context): call.context for call in like}.values()) or [{}]
        changes = entry.get("with", {})
        for place in _as_list(entry["resource"]) if "resource" in entry else []:
            for context in contexts:
                yield Call(role, action, place, _changed(context, changes, entry.get("without", ())))
        for call in like if "resource" not in entry else []:
            yield Call(role, action, call.resource, _changed(call.context, changes, entry.get("without", ())))

    def _case(self, call: Call, *, is_allowed: bool) -> Case:
        role = self.roles[call.role]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/session"
        context = self.resolved({**_EVERYWHERE, "aws:PrincipalArn": role.arn, **call.context})
        request = Request(role.arn, session, call.action, self.resolved(call.resource), context)
        identity = {name: json.loads(without_digests(json.dumps(text))) for name, text in role.identity.items()}
        return Case(request, Policies(identity, boundary=role.boundary), is_allowed)

    def resolved(self, value: Any) -> Any:
        """Return a value with its placeholders replaced.

        Raises:
            KeyError: No resource has such a name.
        """
        return json.loads(_PLACEHOLDER.sub(lambda found: self._names[found[1]], json.dumps(value)))


def _execution(assembly: Assembly) -> RolePolicies:
    """Return the role that the bootstrap makes for CloudFormation, under the stage's execution policies."""
    name = f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
    identity = {
        policy.address: policy.properties["PolicyDocument"]
        for policy in assembly.resources("AWS::IAM::ManagedPolicy")
        if policy.logical_id.startswith("Execution")
    }
    return RolePolicies(f"arn:aws:iam::{ACCOUNT}:role/{name}", name, {}, None, None, identity)


def _name(assembly: Assembly, stack: str, logical_id: str) -> str:
    name = assembly.name(stack, logical_id)
    is_group = assembly.templates[stack]["Resources"][logical_id]["Type"] == "AWS::EC2::SecurityGroup"
    return f"{name}.GroupId" if is_group else name


def _changed(context: Mapping[str, Any], changes: Mapping[str, Any], without: Any) -> dict[str, Any]:
    return {key: value for key, value in {**context, **changes}.items() if key not in without}


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
