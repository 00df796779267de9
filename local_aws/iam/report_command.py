"""`python -m local_aws iam-report`: what the roles of a running local AWS used, and what they need not have."""

import argparse
import json
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws import launcher
from local_aws.errors import LocalAwsError
from local_aws.iam.findings import Finding, Review, read_reasons, review
from local_aws.iam.patterns import matches
from local_aws.iam.principals import ADMINISTRATOR_KEY
from local_aws.iam.recording import as_lines, recording
from local_aws.launcher import USAGE_PATH
from local_aws.server_file import RunningServer

_SUMMARY = ("mode", "used_but_not_granted", "granted_but_never_used", "roles", "unrestricted")


class NotRunningError(LocalAwsError):
    """No local AWS answers on the root folder."""


def run(options: argparse.Namespace) -> int:
    """Print the report as JSON; return 1 where a call was denied, or the reviewed list does not fit."""
    report = selected(fetch(options.root), options.role or ["*"])
    if options.record:
        options.record.write_text(as_lines(recording(report, stack_resources(options.root))), encoding="utf-8")
    shown = report if options.calls else {name: report[name] for name in _SUMMARY}
    sys.stdout.write(f"{json.dumps(shown, indent=1)}\n")
    problems = [f"used but not granted: {item['role']} {item['action']}" for item in report["used_but_not_granted"]]
    if options.reviewed and (text := str(review_of(report, options.reviewed))):
        problems.append(text)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


def fetch(root: Path) -> dict[str, Any]:
    """Return the usage report of the local AWS that runs on a root folder.

    Raises:
        NotRunningError: None runs.
    """
    server = _running(root)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{USAGE_PATH}", timeout=30) as response:
        report: dict[str, Any] = json.load(response)
    return report


def _running(root: Path) -> RunningServer:
    server = launcher.status(root)
    if server is None:
        raise NotRunningError(f"No local AWS runs on {root}. Start one: `python -m local_aws up --iam enforce`.")
    return server


def stack_resources(root: Path) -> list[dict[str, str]]:
    """Return the resources of every stack of the local AWS that runs on a root folder."""
    import boto3  # noqa: PLC0415 - a quarter of a second that the report itself does not pay

    server = _running(root)
    session = boto3.Session(ADMINISTRATOR_KEY, "test", region_name=server.environment["AWS_REGION"])
    client = session.client("cloudformation", endpoint_url=server.environment["AWS_ENDPOINT_URL"])
    stacks = client.describe_stacks()["Stacks"]
    found = [client.describe_stack_resources(StackName=stack["StackName"])["StackResources"] for stack in stacks]
    return [item for items in found for item in items]


def selected(report: Mapping[str, Any], patterns: list[str]) -> dict[str, Any]:
    """Return a report on the roles whose names fit one of some patterns."""

    def fits(arn: str) -> bool:
        return any(matches(pattern, arn.rpartition("/")[2]) for pattern in patterns)

    lists = {name: [i for i in report[name] if fits(i["role"])] for name in _SUMMARY[1:3]}
    return {**report, **lists, "roles": {arn: value for arn, value in report["roles"].items() if fits(arn)}}


def review_of(report: Mapping[str, Any], reviewed: Path) -> Review:
    """Compare a report's unused grants with a reviewed list; its reasons of other kinds are not looked at."""
    unused = [
        Finding("unused", item["role"], item["statement"], item["action"]) for item in report["granted_but_never_used"]
    ]
    return review(unused, [reason for reason in read_reasons(reviewed) if reason.kind == "unused"])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own options."""
    parser.add_argument("--role", action="append", help="report roles of such a name only (* and ?); repeatable")
    parser.add_argument("--reviewed", type=Path, help="TOML file with the reasons for grants that nothing used")
    parser.add_argument("--record", type=Path, help="write what the stacks' roles called, for the tests of policies")
    parser.add_argument("--calls", action="store_true", help="print every kind of call and the policies, too")
