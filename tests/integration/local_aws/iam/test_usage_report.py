"""What roles used, lacked and never used is answered over HTTP, printed by the command line, and proven by mutation."""

import json
import subprocess
import sys
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from local_aws.__main__ import main
from local_aws.iam.mutation import cases_of, survivors


def read(platform, method="GET"):
    request = urllib.request.Request(f"{platform.aws.endpoint_url}/_local_aws/iam/usage", method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def test_the_report_is_answered_over_http_and_starts_anew(platform):
    platform.client("s3", "training").list_objects_v2(Bucket=platform.bucket, Prefix="curated/")

    report = read(platform)
    read(platform, "DELETE")

    assert report["mode"] == "enforce"
    assert report["roles"][platform.role("training")]["allowed"]["s3:ListBucket"] >= 1
    assert {"principal": "administrator", "operation": "sts:AssumeRole"}.items() <= report["unrestricted"][-1].items()
    assert read(platform)["calls"] == []


def test_a_denied_call_is_used_but_not_granted(platform, usage):
    with pytest.raises(ClientError):
        platform.client("s3", "training").get_object(Bucket=platform.bucket, Key="raw/in")

    assert usage()["used_but_not_granted"] == [
        {
            "role": platform.role("training"),
            "operation": "s3:GET object",
            "action": "s3:GetObject",
            "resource": f"arn:aws:s3:::{platform.bucket}/raw/in",
            "reason": "because no identity-based policy allows the action",
            "count": 1,
        }
    ]


def test_mutation_finds_what_the_run_did_not_need_and_no_request_guarded(platform, usage):
    s3 = platform.client("s3", "training")
    s3.get_object(Bucket=platform.bucket, Key="curated/in")
    s3.put_object(Bucket=platform.bucket, Key="models/m", Body=b"")
    work = cases_of(json.loads(json.dumps(usage())))
    platform.aws.guard.answer("DELETE")
    with pytest.raises(ClientError):
        s3.get_object(Bucket=platform.bucket, Key="raw/in")

    found = {(item.kind, item.statement, item.what) for item in survivors(work, cases_of(usage()))}

    assert ("drop", "CuratedRead", "s3:GetObject") not in found
    assert ("drop", "ModelsWrite", "s3:PutObject") not in found
    assert ("drop", "ModelsWrite", "s3:AbortMultipartUpload") in found
    assert ("widen", "CuratedRead", "Resource") not in found
    assert ("widen", "ModelsWrite", "Resource") in found


def test_the_command_line_needs_a_running_server(tmp_path, capsys):
    assert main(["iam-report", "--root", str(tmp_path)]) == 1
    assert "No local AWS runs on" in capsys.readouterr().err


def test_recording_lets_everything_pass_and_reports_what_enforcing_would_deny(tmp_path, capsys):
    command = [sys.executable, "-m", "local_aws", "up", "--root", str(tmp_path), "--iam", "record"]
    started = subprocess.run(command, check=True, capture_output=True, text=True)
    exported = dict(line.removeprefix("export ").split("=", 1) for line in started.stdout.splitlines())
    try:
        keys = {"aws_access_key_id": "AKIASTRANGER00000000", "aws_secret_access_key": "none"}
        stranger = boto3.Session(**keys, region_name="us-east-1")
        stranger.client("s3", endpoint_url=exported["AWS_ENDPOINT_URL"]).create_bucket(Bucket="recorded")

        assert main(["iam-report", "--root", str(tmp_path), "--role", "own-*"]) == 0
        assert json.loads(capsys.readouterr().out)["mode"] == "record"
    finally:
        main(["down", "--root", str(tmp_path)])
