"""Ask the independent implementation: the npm package @cloud-copilot/iam-simulate 0.1.173, as a process of its own.

It is licensed under the AGPL, so that nothing of it is here: IAM_SIMULATE_DIR names a folder where it is installed
(`npm install @cloud-copilot/iam-simulate@0.1.173`). Its verdicts are recorded in agreed_verdicts.jsonl, which the tests
replay everywhere; with IAM_WRITE_CORPUS=1 they are recorded anew.
"""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local_aws.iam.evaluator import Policies, Policy, Request
from tests.unit.local_aws.iam.generated_requests import ACCOUNT, BASE_CONTEXT, ROLE, SESSION, Generator

CORPUS = Path(__file__).with_name("agreed_verdicts.jsonl")
SERVER = Path(__file__).with_name("simulator.mjs")


def verdicts(cases: Iterable[tuple[Request, Policies]], folder: str) -> list[str]:
    """Return `Allowed`, a kind of denial, or `error: …` for each case."""
    lines = "".join(f"{json.dumps(simulation(*case))}\n" for case in cases)
    run = subprocess.run(["node", str(SERVER)], cwd=folder, input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return [answer.get("verdict") or f"error: {json.dumps(answer['error'])}" for answer in answers]


def simulation(request: Request, policies: Policies) -> dict[str, Any]:
    """Return a case in iam-simulate's form."""
    asked = {
        "principal": request.session_arn,
        "action": request.action,
        "resource": {"resource": request.resource, "accountId": ACCOUNT},
        "contextVariables": request.context,
    }
    found: dict[str, Any] = {
        "request": asked,
        "identityPolicies": [{"name": name, "policy": policy} for name, policy in policies.identity.items()],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if policies.resource is not None:
        found["resourcePolicy"] = policies.resource
    if policies.boundary is not None:
        found["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": policies.boundary}]
    if policies.endpoint is not None:
        found["vpcEndpointPolicies"] = [{"name": "endpoint", "policy": policies.endpoint}]
    return found


def as_line(request: Request, policies: Policies, *, is_allowed: bool) -> str:
    """Return a case as a line of the corpus.

    What every case has stays out: Version, Sid, Allow, the principal's condition keys, the account.
    """
    context = {key: value for key, value in request.context.items() if key not in BASE_CONTEXT}
    applied = [
        [_short(policy) for policy in policies.identity.values()],
        *(policy and _short(policy) for policy in (policies.boundary, policies.resource, policies.endpoint)),
    ]
    case = [int(is_allowed), request.action, request.resource, context, *applied]
    return json.dumps(case, separators=(",", ":")).replace(ACCOUNT, "@")


def _short(policy: Policy) -> list[dict[str, Any]]:
    kept = ({key: item[key] for key in item if key != "Sid"} for item in policy["Statement"])
    return [{key: value for key, value in item.items() if (key, value) != ("Effect", "Allow")} for item in kept]


def from_line(line: str) -> tuple[Request, Policies, bool]:
    """Return the case of a line of the corpus, and its verdict."""
    is_allowed, action, resource, context, identity, *others = json.loads(line.replace("@", ACCOUNT))
    request = Request(ROLE, SESSION, action, resource, {**BASE_CONTEXT, **context})
    named = {f"P{index}": _long(statements) for index, statements in enumerate(identity)}
    applied = [None if statements is None else _long(statements) for statements in others]
    return request, Policies(named, *applied, action.startswith("kms:")), bool(is_allowed)


def _long(statements: list[dict[str, Any]]) -> Policy:
    return {"Statement": [{"Effect": "Allow", **item} for item in statements]}


def write_corpus(folder: str, count: int = 2000) -> None:
    """Write the corpus."""
    generator = Generator(seed=11)
    cases = [generator.case() for _ in range(count + count // 10)]
    answered = [(case, verdict) for case, verdict in zip(cases, verdicts(cases, folder), strict=True)]
    lines = [as_line(*case, is_allowed=v == "Allowed") for case, v in answered if not v.startswith("error")]
    CORPUS.write_text("".join(f"{line}\n" for line in lines[:count]), encoding="utf-8")
