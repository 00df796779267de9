"""Ask the local AWS which permissions the roles used in a run, and which they lacked. AWS itself has no such answer."""

import dataclasses
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pipelines.targets import Target

_PATH = "/_local_aws/iam/usage"
_SECONDS = 30


def forget_usage(target: Target) -> None:
    """Begin a new record."""
    _ask(target, "DELETE")


def write_usage(target: Target, folder: Path) -> dict[str, Any]:
    """Write the record to the run's folder; return what the summary tells of it, nothing where there is none.

    The summary counts unused grants of the pipeline's own roles; those of who deploys are in the record only.
    """
    usage = _ask(target, "GET")
    if not usage:
        return {}
    ours = set(dataclasses.asdict(target.resources.roles).values())
    (folder / "permissions.json").write_text(json.dumps(usage, indent=1) + "\n")
    return {
        "iam": usage["mode"],
        "used_but_not_granted": usage["used_but_not_granted"],
        "granted_but_never_used": sum(item["role"] in ours for item in usage["granted_but_never_used"]),
    }


def _ask(target: Target, method: str) -> dict[str, Any]:
    if target.endpoint_url is None:
        return {}
    request = urllib.request.Request(f"{target.endpoint_url}{_PATH}", method=method)  # noqa: S310 - a loopback address
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - as above
            return dict(json.load(response))
    except (urllib.error.URLError, ValueError):  # another AWS-like server answers there: it has no such record
        return {}
