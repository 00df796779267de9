import os
import sys

import pytest

from pipelines.errors import PlatformError
from pipelines.platform.cdk import Cdk

_FAKE = """
import os, sys
print("arguments", *sys.argv[1:])
for name in sorted(os.environ):
    if name.startswith(("AWS_", "CDK_", "JSII_")): print(name, os.environ[name])
print(" ✅  A-Stack (no changes)")
if sys.argv[1] == "deploy":
    print("A-Stack | 1/2 | CREATE_FAILED | AWS::S3::Bucket | Raw: it exists already", file=sys.stderr)
    raise SystemExit(1)
"""


@pytest.fixture
def cdk(tmp_path):
    def cdk(variables):
        return Cdk(variables, tmp_path / "home", (sys.executable, "-c", _FAKE))

    return cdk


def test_the_local_target_is_reached_with_its_variables_only(cdk, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_PROFILE", "production")

    told = cdk({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "test"}).run("diff")

    assert "AWS_PROFILE" not in told
    assert "AWS_ENDPOINT_URL http://127.0.0.1:1" in told
    assert f"AWS_CONFIG_FILE {os.devnull}" in told
    assert f"CDK_HOME {tmp_path / 'home'}" in told
    assert "JSII_NODE" in told


def test_aws_is_reached_with_the_users_own_variables(cdk, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "sandbox")

    assert "AWS_PROFILE sandbox" in cdk(None).run("diff")


def test_progress_is_passed_on_and_the_rest_kept_back(cdk, capsys):
    cdk({}).run("diff", "--all")

    shown = capsys.readouterr().out
    assert "✅  A-Stack (no changes)" in shown
    assert "arguments" not in shown


def test_a_failure_is_told_with_cloudformations_reason(cdk):
    with pytest.raises(PlatformError, match=r"`cdk deploy` failed:\nA-Stack .* Raw: it exists already") as raised:
        cdk({}).run("deploy")

    assert "arguments" not in raised.value.message
