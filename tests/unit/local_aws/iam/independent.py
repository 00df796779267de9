"""Ask the independent implementation: the npm package @cloud-copilot/iam-simulate 0.1.173, as a process of its own.

It is licensed under the AGPL, so that nothing of it is here. Its verdicts are recorded in agreed_verdicts.jsonl, which
the tests replay everywhere. To ask it again, on other requests at each run, or to record anew:

    export PATH=$PWD/.venv/bin:$PATH IAM_SIMULATE_DIR=/tmp/iam-simulate
    npm install --prefix $IAM_SIMULATE_DIR @cloud-copilot/iam-simulate@0.1.173
    pytest tests/unit/local_aws/iam/test_agreement.py                        # IAM_CASES=20000 for more requests
    IAM_WRITE_CORPUS=1 pytest tests/unit/local_aws/iam/test_agreement.py
"""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local_aws.iam.evaluator import Policies, Policy, Request
from tests.unit.local_aws.iam.generated_requests import ACCOUNT, BASE_CONTEXT, OTHER, ROLE, SESSION, Generator

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
        "resource": {"resource": request.resource, "accountId": OTHER if policies.crosses_accounts else ACCOUNT},
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
    if policies.session is not None:
        found["sessionPolicy"] = policies.session
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
        *(
            policy and _short(policy)
            for policy in (policies.boundary, policies.resource, policies.endpoint, policies.session)
        ),
    ]
    crosses = int(policies.crosses_accounts)
    case = [int(is_allowed), request.action, request.resource, context, crosses, *applied]
    return json.dumps(case, separators=(",", ":")).replace(ACCOUNT, "@")


def _short(policy: Policy) -> list[dict[str, Any]]:
    kept = ({key: item[key] for key in item if key != "Sid"} for item in policy["Statement"])
    return [{key: value for key, value in item.items() if (key, value) != ("Effect", "Allow")} for item in kept]


def from_line(line: str) -> tuple[Request, Policies, bool]:
    """Return the case of a line of the corpus, and its verdict."""
    is_allowed, action, resource, context, crosses, identity, *others = json.loads(line.replace("@", ACCOUNT))
    request = Request(ROLE, SESSION, action, resource, {**BASE_CONTEXT, **context})
    named = {f"P{index}": _long(statements) for index, statements in enumerate(identity)}
    boundary, by_resource, endpoint, session = (None if item is None else _long(item) for item in others)
    is_key = action.startswith("kms:")
    return request, Policies(named, boundary, by_resource, endpoint, is_key, session, bool(crosses)), bool(is_allowed)


def _long(statements: list[dict[str, Any]]) -> Policy:
    return {"Statement": [{"Effect": "Allow", **item} for item in statements]}


def write_corpus(folder: str, count: int = 2400) -> None:
    """Write the corpus."""
    generator = Generator(seed=11)
    cases = [generator.case() for _ in range(count + count // 10)]
    answered = [(case, verdict) for case, verdict in zip(cases, verdicts(cases, folder), strict=True)]
    lines = [as_line(*case, is_allowed=v == "Allowed") for case, v in answered if not v.startswith("error")]
    CORPUS.write_text("".join(f"{line}\n" for line in lines[:count]), encoding="utf-8")
