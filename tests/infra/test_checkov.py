"""checkov, offline, from an environment of its own (`.venv-checkov`, or CHECKOV names the executable)."""

import os
from pathlib import Path

import pytest

from infra.acknowledgements import CHECKOV_ACKNOWLEDGEMENTS, stale, unacknowledged
from infra.checks.scanners import checkov
from tests.infra.synthesis import ROOT

EXECUTABLE = Path(os.environ.get("CHECKOV", ROOT / ".venv-checkov" / "bin" / "checkov"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not EXECUTABLE.exists(), reason=f"{EXECUTABLE}: checkov is not installed; `make test-slow` does it"
    ),
]


@pytest.mark.usefixtures("sandbox")
def test_every_finding_of_checkov_is_acknowledged_and_no_acknowledgement_stale(sandbox_folder):
    findings = checkov(EXECUTABLE, sandbox_folder)

    assert "\n".join(str(finding) for finding in unacknowledged(findings, CHECKOV_ACKNOWLEDGEMENTS)) == ""
    assert list(stale(findings, CHECKOV_ACKNOWLEDGEMENTS)) == []


@pytest.mark.usefixtures("sandbox")
def test_unencrypted_unlogged_bucket_is_found(tmp_path):
    bucket = '{"Resources": {"Open": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}}}'
    (tmp_path / "Planted.template.json").write_text(bucket)

    rules = {finding.rule for finding in unacknowledged(checkov(EXECUTABLE, tmp_path), CHECKOV_ACKNOWLEDGEMENTS)}

    assert {"CKV_AWS_18", "CKV_AWS_20"} <= rules
