"""The local time is told, passes on request, and is the time of every service."""

import datetime as dt
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from local_aws import server_file
from local_aws.__main__ import main
from local_aws.server import LocalAws
from local_aws.server_file import RunningServer
from local_aws.settings import Settings


def ask(aws, wanted=None):
    body = json.dumps(wanted).encode() if wanted is not None else None
    with urllib.request.urlopen(f"{aws.endpoint_url}/_local_aws/clock", body) as response:
        return json.load(response)


def test_the_clock_is_told_and_advanced_over_http(timed_aws):
    before = ask(timed_aws)

    after = ask(timed_aws, {"advance_seconds": 3_600})

    assert after["epoch_seconds"] - before["epoch_seconds"] == pytest.approx(3_600, abs=5)
    assert after["speed"] == 1


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"advance_seconds": -1}, "cannot advance by -1"),
        ({"speed": 0}, "clock speed is 0"),
        ({"forward": 3}, "unknown forward; allowed are advance_seconds, speed"),
        ({"speed": "fast"}, "must be JSON with numbers"),
        ([], "no object"),
    ],
)
def test_what_a_clock_cannot_do_is_refused_with_the_reason(timed_aws, wanted, words):
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(timed_aws, wanted)

    assert error.value.code == 400
    assert words in json.load(error.value)["message"]


def test_moto_tells_the_local_time(timed_aws, clock, unique):
    clock.advance(86_400)
    s3, bucket = timed_aws.clients("s3", "us-east-1"), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]

    assert abs((modified - clock.now()).total_seconds()) < 5
    assert modified > dt.datetime.now(dt.UTC) + dt.timedelta(hours=20)


def test_a_presigned_url_still_works_when_time_has_passed(timed_aws, clock, unique):
    s3, bucket = timed_aws.clients("s3", "us-east-1"), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    clock.advance(7_200)

    with urllib.request.urlopen(url) as response:
        assert response.read() == b"content"


def test_time_metrics_and_alarms_survive_a_restart(tmp_path):
    settings = Settings(root=tmp_path, is_persistent=True)
    with LocalAws(settings) as aws:
        aws.plane.clock.advance(90_000)
        aws.plane.metrics.put("ns", "m", 4.0, "Count", {}, region="us-east-1")
        before = aws.plane.clock.now()
        aws.clients("cloudwatch", "us-east-1").put_metric_alarm(
            AlarmName="a", Namespace="ns", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip

    with LocalAws(settings) as aws:
        cloudwatch = aws.clients("cloudwatch", "us-east-1")
        start = before - dt.timedelta(minutes=2)
        [point] = cloudwatch.get_metric_statistics(
            Namespace="ns", MetricName="m", StartTime=start, EndTime=aws.plane.clock.now() + dt.timedelta(minutes=1),
            Period=60, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip

        aws.plane.clock.advance(60)

        assert cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"
        assert aws.plane.clock.now() >= before
        assert (point["Sum"], point["Unit"]) == (4.0, "Count")


def test_the_command_says_when_nothing_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "local_aws", "clock", "--root", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "python -m local_aws up" in done.stderr


def test_the_command_tells_the_time_and_lets_it_pass(timed_aws, capsys):
    server = RunningServer(os.getpid(), timed_aws.port, timed_aws.environment, [])
    root = ["--root", str(timed_aws.settings.root)]
    before = timed_aws.plane.clock.time()

    with server_file.held(timed_aws.settings.root):
        server_file.write(timed_aws.settings.root, server)
        code = main(["clock", *root, "--advance", "7200"])
        refused = main(["clock", *root, "--speed", "-1"])
    shown = capsys.readouterr()

    assert (code, refused) == (0, 1)
    assert "ahead of the machine; speed 1" in shown.out
    assert "clock speed is -1.0" in shown.err
    assert timed_aws.plane.clock.time() - before == pytest.approx(7_200, abs=10)
