"""Check before an hour is spent: credentials, region, bootstrap, quotas, image, zones, OIDC provider, monitoring."""

import argparse
import sys

from pipelines.platform.doctor import examine
from pipelines.settings import Settings
from pipelines.verbs.options import add_budget, add_platform_target, platform_target

SUMMARY = "check that a deploy and a run would succeed here; says how to fix what is wrong"
_SIGNS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_platform_target(parser)
    add_budget(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print every finding at once; fail where one would stop a deploy or a run."""
    settings = Settings.of_budget(arguments.budget)
    faults = 0
    for finding in examine(platform_target(arguments), arguments.stage, settings):
        faults += finding.verdict == "fault"
        sys.stdout.write(f"{_SIGNS[finding.verdict]}  {finding.subject:<14} {finding.text}\n")
        if finding.fix:
            sys.stdout.write(f"       {'':<14} → {finding.fix}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{faults} faults\n" if faults else "nothing stands in the way\n")
    return 1 if faults else 0
