"""`python -m local_aws` as a user runs it: in the background, over restarts, and after a crash."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from local_aws import server_file
from tests.integration.local_aws.job_driver import IMAGE, ROLE


class Cli:
    def __init__(self, root):
        self.root = root

    def __call__(self, verb, *arguments, check=True):
        command = [sys.executable, "-m", "local_aws", verb, "--root", str(self.root), *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True)

    def up(self, *arguments):
        lines = self("up", *arguments).stdout.splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)

    @property
    def pid(self):
        return server_file.read(self.root).pid


@pytest.fixture
def cli(tmp_path):
    tool = Cli(tmp_path / "aws")
    yield tool
    tool("down")


def make_client(service, environment):
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


class Sleeper:
    """A job that holds a file's lock while it lives."""

    def __init__(self, lock, environment):
        self._lock = lock
        script = f"import fcntl, time; f = open({str(lock)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); time.sleep(600)"
        make_client("sagemaker", environment).create_processing_job(
            ProcessingJobName="sleeper",
            RoleArn=ROLE,
            AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", script]},
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        )
        self.wait(alive=True)

    def wait(self, *, alive):
        deadline = time.monotonic() + 30
        while self.is_alive() != alive:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def is_alive(self):
        try:
            with self._lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError) as error:
            return isinstance(error, BlockingIOError)
        return False


def test_up_prints_only_exports_and_is_idempotent(cli):
    before = cli("status", check=False).returncode
    first = cli("up").stdout
    second = cli("up").stdout

    assert first == second
    assert (before, cli("status").returncode) == (3, 0)
    assert all(line.startswith(("export AWS_", "export SAGEMAKER_")) for line in first.splitlines())


@pytest.mark.slow
def test_two_ups_at_once_start_one_server(cli):
    with ThreadPoolExecutor(2) as pool:
        outputs = list(pool.map(lambda _: cli("up").stdout, range(2)))

    assert outputs[0] == outputs[1]


def test_state_survives_a_restart(cli):
    environment = cli.up()
    s3 = make_client("s3", environment)
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/b.txt", Body=b"content", Metadata={"colour": "red"})
    make_client("kms", environment).create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    make_client("sagemaker", environment).create_model(
        ModelName="kept", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE}
    )

    cli("down")
    environment = cli.up()

    found = make_client("s3", environment).get_object(Bucket="kept", Key="a/b.txt")
    assert (found["Body"].read(), found["Metadata"]) == (b"content", {"colour": "red"})
    assert len(make_client("kms", environment).list_keys()["Keys"]) == 1
    assert make_client("sagemaker", environment).describe_model(ModelName="kept")["ModelName"] == "kept"


@pytest.mark.slow
def test_fresh_starts_empty(cli):
    make_client("s3", cli.up()).create_bucket(Bucket="kept")
    cli("down")

    environment = cli.up("--fresh")

    assert make_client("s3", environment).list_buckets()["Buckets"] == []


def test_down_ends_jobs_and_says_why(cli, tmp_path):
    sleeper = Sleeper(tmp_path / "alive", cli.up())

    cli("down")

    assert not sleeper.is_alive()
    job = make_client("sagemaker", cli.up()).describe_processing_job(ProcessingJobName="sleeper")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "InternalServerError: the local AWS was stopped while the job ran"


@pytest.mark.slow
def test_up_works_after_a_kill(cli, tmp_path):
    sleeper = Sleeper(tmp_path / "alive", cli.up())
    os.kill(cli.pid, signal.SIGKILL)

    environment = cli.up()

    assert make_client("sagemaker", environment).list_training_jobs()["TrainingJobSummaries"] == []
    sleeper.wait(alive=False)


@pytest.mark.slow
def test_a_broken_snapshot_is_set_aside_with_a_message(cli):
    cli.up()
    cli("down")
    (cli.root / "state" / "store.pickle").write_bytes(b"not a pickle")

    ended = cli("up")

    assert "cannot be read and was moved to" in ended.stderr
    assert ended.stdout.startswith("export ")


@pytest.mark.slow
def test_an_idle_server_ends_itself(cli):
    cli.up("--idle-shutdown", "0.5")

    deadline = time.monotonic() + 20
    while server_file.is_locked(cli.root):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_taken_port_is_named(cli, local_aws):
    ended = cli("up", "--port", str(local_aws.port), check=False)

    assert ended.returncode == 1
    assert f"port {local_aws.port}" in ended.stderr
