"""Keep what the roles of a deployment called, small and in names that hold for every other deployment of it.

`python -m local_aws iam-report --record FILE` writes it after a run. Physical names become placeholders such as
`{Lake/Raw}`: the stack's last word and the logical id without CDK's hash. Of calls that the same statement allowed on
the same kind of object only one is kept.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_HASH = re.compile(r"[0-9A-F]{8}$")
_ASSET = re.compile(r"\b[0-9a-f]{64}\b")
_LEFT_OUT = ("aws:Principal", "aws:SourceIp", "s3:authType", "s3:signatureversion", "sagemaker:CustomerMetadata")
ASSET = "sha256"
"""What stands for the digest in a file asset's name, which is another one after each change of the code."""


def placeholder(stack: str, logical_id: str) -> str:
    """Return what stands for a resource's physical name."""
    return f"{stack.rpartition('-')[2]}/{_HASH.sub('', logical_id)}"


def without_digests(text: str) -> str:
    """Return a text in which every asset has the same name."""
    return _ASSET.sub(ASSET, text)


def recording(report: Mapping[str, Any], resources: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the allowed calls of a deployment's roles.

    Args:
        report: A usage report with its calls.
        resources: The stacks' resources as DescribeStackResources answers them.
    """
    names = _names(resources)
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for call in report["calls"]:
        role = call["principal"].rpartition("/")[2]
        if not call["allowed"] or call["service"] or not call["granted_by"]:
            continue
        if role not in names and "cfn-exec" not in role:
            continue
        entry = _entry(call, names)
        kept.setdefault(_likeness(entry, call), entry)
    return sorted(kept.values(), key=lambda entry: json.dumps(entry, sort_keys=True))


def as_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return a recording as text: one call a line."""
    return "".join(f"{json.dumps(entry, sort_keys=True)}\n" for entry in entries)


def _entry(call: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    role = call["principal"].rpartition("/")[2]
    context = {key: value for key, value in call["context"].items() if not key.startswith(_LEFT_OUT)}
    text = json.dumps({"action": call["action"], "resource": call["resource"], "context": context})
    for physical in sorted(names, key=len, reverse=True):
        text = text.replace(physical, f"{{{names[physical]}}}")
    return {"role": names.get(role, "Delivery/Execution"), **json.loads(without_digests(text))}


def _likeness(entry: Mapping[str, Any], call: Mapping[str, Any]) -> tuple[Any, ...]:
    statements = tuple(sorted(statement for _, statement in call["granted_by"]))
    return entry["role"], entry["action"], statements, _kind(entry["resource"], call["resource"]), *entry["context"]


def _kind(resource: str, physical: str) -> str:
    """Return what many calls have in common: a bucket and the first word of its keys, a kind of job; else the name."""
    if resource.startswith("arn:aws:s3:::"):
        return "/".join(physical.split("/")[:2])
    return resource if "{" in resource else resource.partition("/")[0]


def _names(resources: Iterable[Mapping[str, str]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for physical, name in _named(resources):
        names.setdefault(physical, name)  # a bucket's policy, made later, is called like the bucket
    return names


def _named(resources: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    for item in resources:
        physical, name = item["PhysicalResourceId"], placeholder(item["StackName"], item["LogicalResourceId"])
        # A name that the template gives is no made-up one, and may be part of other names.
        if physical.startswith("arn:"):
            physical = re.split("[:/]", physical)[-1]
        if re.search(r"-[0-9a-fA-F]{8,}$", physical):
            yield physical, name
