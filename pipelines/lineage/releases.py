"""What became of an approved package: the release executions, and the verdicts of its experiment."""

import json
from functools import partial
from typing import Any

from pipelines.lineage.lookup import Lookup
from pipelines.lineage.records import Record

# The newest ones: a release machine has a few executions a month.
_MOST_EXECUTIONS = 200
_OUTCOME = ("outcome", "reason", "verdict", "looks", "endpoint")


def find_releases(lookup: Lookup, machine: str, package: str) -> list[Record]:
    """Return the executions of the release workflow for a package, the oldest first."""
    states = lookup.client("stepfunctions")
    listed = lookup.attempt(f"executions of {machine}", lambda: _listed(lookup, machine)) or []
    found = []
    for item in listed[:_MOST_EXECUTIONS]:
        arn = item["executionArn"]
        told = lookup.attempt(f"release {arn}", partial(states.describe_execution, executionArn=arn))
        given = _parsed((told or {}).get("input"))
        if told and given.get("package_arn") == package:
            outcome = _parsed(told.get("output"))
            found.append(
                {
                    "arn": arn,
                    "status": told["status"],
                    "started": told.get("startDate"),
                    "ended": told.get("stopDate"),
                    **{name: outcome.get(name) for name in _OUTCOME},
                }
            )
    return found[::-1]


def find_verdicts(lookup: Lookup, bucket: str, version: int) -> list[Record]:
    """Return the verdicts of a package's experiment, look by look."""
    prefix = f"experiments/release-v{version}/verdicts/"
    listed = lookup.attempt(f"s3://{bucket}/{prefix}", lambda: _keys(lookup, bucket, prefix)) or []
    found = []
    for key in (key for key in listed if key.endswith("/verdict.json")):
        uri = f"s3://{bucket}/{key}"
        document = lookup.attempt(uri, partial(lookup.read_json, bucket, key)) or {}
        found.append({name: document.get(name) for name in ("look", "verdict", "reason")} | {"uri": uri})
    return sorted(found, key=lambda verdict: (verdict["look"] or 0, verdict["uri"]))


def _listed(lookup: Lookup, machine: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for item in lookup.pages("stepfunctions", "list_executions", "executions", stateMachineArn=machine):
        items.append(item)
        if len(items) == _MOST_EXECUTIONS:
            break
    return items


def _keys(lookup: Lookup, bucket: str, prefix: str) -> list[str]:
    return [item["Key"] for item in lookup.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)]


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
