"""Run the scanners over a stage: AWS's validator, the cdk-nag rule packs, cfn-lint and checkov."""

import json
import re
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import cdk_nag

from infra.acknowledgements import Finding

REPORT = "validation-report.json"
_RULE = re.compile(r"(?P<rule>[^\[]+)(?:\[(?P<detail>.*)\])?")


def add_rule_packs(app: cdk.App) -> None:
    """Make synthesis check the AwsSolutions, NIST 800-53 R5 and HIPAA rules."""
    packs = (cdk_nag.AwsSolutionsChecks(app), cdk_nag.NIST80053R5Checks(app), cdk_nag.HIPAASecurityChecks(app))
    cdk.Validations.of(app).add_plugins(*packs)


def read_report(folder: Path) -> list[Finding]:
    """Return what the validator and the rule packs reported in a cloud assembly; no report means no finding."""
    path = folder / REPORT
    if not path.exists():
        return []
    return [
        Finding(parts["rule"], parts["detail"] or "", construct["constructPath"])
        for report in json.loads(path.read_text())["pluginReports"]
        for violation in report["violations"]
        if (parts := _RULE.fullmatch(violation["ruleName"]))
        for construct in violation["violatingConstructs"]
    ]


def cfn_lint(*folders: Path) -> list[Finding]:
    """Return cfn-lint's findings over cloud assemblies' templates.

    Raises:
        RuntimeError: cfn-lint did not run.
    """
    files = [str(file) for folder in folders for file in sorted(folder.glob("*.template.json"))]
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"cfn-lint did not run: {done.stderr.strip()[-2000:]}")
    return [
        Finding(item["Rule"]["Id"], item["Message"], Path(item["Filename"]).name.removesuffix(".template.json"))
        for item in json.loads(done.stdout)
    ]


def checkov(executable: Path, folder: Path) -> list[Finding]:
    """Return checkov's findings over a cloud assembly's templates; it brings 194 MB, hence an environment of its own.

    Raises:
        RuntimeError: checkov did not run.
    """
    # --skip-download: else it asks a vendor's server for guidelines, and waits for it.
    options = ["--skip-download", "--framework", "cloudformation", "--quiet", "--compact", "--output", "json"]
    command = [str(executable), *options, "--directory", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"checkov did not run: {done.stderr.strip()[-2000:]}")
    failed = json.loads(done.stdout)["results"]["failed_checks"]
    return [
        Finding(item["check_id"], item["check_name"], _place(item["file_path"], item["resource"])) for item in failed
    ]


def _place(template: str, resource: str) -> str:
    return f"{Path(template).name.removesuffix('.template.json')}/{resource}"
