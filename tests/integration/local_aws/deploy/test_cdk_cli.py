"""The unmodified cdk CLI: bootstrap, deploy, deploy again, diff, update, destroy."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.own_process import local_aws_process

_REPOSITORY = Path(__file__).resolve().parents[4]
_PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
_PLACES = [os.environ.get("CDK_CLI"), str(_REPOSITORY / "node_modules/.bin/cdk"), shutil.which("cdk")]
_CLI = next((place for place in _PLACES if place and Path(place).exists()), None)
_PLACE = "123456789012-us-east-1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        _CLI is None or shutil.which("node", path=_PATH) is None,
        reason="no cdk CLI, or no node: `npm ci`, or set CDK_CLI and put node on the PATH",
    ),
]


def role(name):
    return f"arn:${{AWS::Partition}}:iam::123456789012:role/cdk-hnb659fds-{name}-role-{_PLACE}"


def assembly(folder, resources, **properties):
    """Write what `cdk synth` would: one stack with its template as a file asset."""
    folder.mkdir(exist_ok=True)
    template = json.dumps({"Resources": resources, "Outputs": {"Models": {"Value": {"Ref": "Models"}}}})
    digest = hashlib.sha256(template.encode()).hexdigest()
    bucket = f"cdk-hnb659fds-assets-{_PLACE}"
    publisher = {"assumeRoleArn": role("file-publishing"), "region": "us-east-1"}
    target = {"bucketName": bucket, "objectKey": f"{digest}.json", **publisher}
    file = {"source": {"path": "Mini.template.json", "packaging": "file"}, "destinations": {"here": target}}
    version = {
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
    }
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://123456789012/us-east-1",
        "properties": {
            "templateFile": "Mini.template.json",
            "assumeRoleArn": role("deploy"),
            "cloudFormationExecutionRoleArn": role("cfn-exec"),
            "stackTemplateAssetObjectUrl": f"s3://{bucket}/{digest}.json",
            **version,
            **properties,
        },
        "dependencies": ["Mini.assets"],
    }
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "Mini.assets.json", **version}}
    manifest = {"version": "36.0.0", "artifacts": {"Mini.assets": assets, "Mini": stack}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "Mini.template.json").write_text(template)
    (folder / "Mini.assets.json").write_text(json.dumps({"version": "36.0.0", "files": {digest: file}}))
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    with local_aws_process(tmp_path_factory.mktemp("cdk-cli")) as environment:
        yield environment


@pytest.fixture
def cdk(environment, tmp_path):
    """Run the CLI against the local AWS, with a home of its own: it remembers accounts."""

    def cdk(*arguments, code=0):
        own = {"HOME": str(tmp_path), "CDK_HOME": str(tmp_path), "CI": "1", "CDK_DISABLE_CLI_TELEMETRY": "true"}
        variables = {"PATH": _PATH, **environment, **own}
        done = subprocess.run(
            [_CLI, *arguments], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return cdk


def models(name, **more):
    properties = {"ModelPackageGroupName": name, "Tags": [{"Key": "a", "Value": "b"}], **more}
    return {"Models": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}}


def test_a_stack_lives_its_life(cdk, tmp_path, unique, environment):
    name = unique("models")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}
    first = str(assembly(tmp_path / "first", {**models(name), "Logs": group}))
    changed = {**group, "Properties": {"RetentionInDays": 30}}
    second = str(assembly(tmp_path / "second", {**models(name), "Logs": changed}))
    always = ("--require-approval", "never", "--app")

    cdk("bootstrap", "aws://123456789012/us-east-1")
    assert f"model-package-group/{name}" in cdk("deploy", "--all", *always, first)
    assert "no changes" in cdk("deploy", "--all", *always, first)
    assert "Number of stacks with differences: 0" in cdk("diff", "--app", first)
    difference = cdk("diff", "--app", second)
    assert "RetentionInDays" in difference
    assert "Models" not in difference
    cdk("deploy", "--all", *always, second)
    assert "no changes" in cdk("deploy", "--all", *always, second)
    cdk("destroy", "--all", "--force", "--app", second)
    session = boto3.Session("test", "test", region_name="us-east-1")
    sagemaker = session.client("sagemaker", endpoint_url=environment["AWS_ENDPOINT_URL"])
    with pytest.raises(sagemaker.exceptions.ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=name)


def test_a_failure_is_told_with_its_resource_and_a_protected_stack_stays(cdk, tmp_path, unique):
    always = ("--require-approval", "never", "--app")
    cdk("bootstrap", "aws://123456789012/us-east-1")
    broken = str(assembly(tmp_path / "broken", models(unique("models"), Colour="blue")))
    unknown = {**models(unique("models")), "Sky": {"Type": "AWS::Weather::Cloud"}}

    assert "extraneous key [Colour]" in cdk("deploy", "--all", *always, broken, code=1)
    told = cdk("deploy", "--all", *always, str(assembly(tmp_path / "unknown", unknown)), code=1)
    assert "AWS::Weather::Cloud (Sky)" in told
    protected = str(assembly(tmp_path / "protected", models(unique("models")), terminationProtection=True))
    cdk("deploy", "--all", *always, protected)
    assert "TerminationProtection is enabled" in cdk("destroy", "--all", "--force", "--app", protected, code=1)
    free = str(assembly(tmp_path / "free", models(unique("models")), terminationProtection=False))
    cdk("deploy", "--all", *always, free)
    cdk("destroy", "--all", "--force", "--app", free)
