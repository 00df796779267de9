"""Bad raw data through the real pipeline: each fault ends with its reason, and registers nothing."""

import shutil

import boto3
import pandas as pd
import pytest

from pipelines import raw_zone
from pipelines.deploy import start, upsert
from pipelines.executions import Executions
from pipelines.following import failure_text, follow
from pipelines.sandbox import ensure_sandbox
from pipelines.settings import Settings
from pipelines.targets import Target

pytestmark = pytest.mark.slow
JANUARY = "flights/year=2013/month=01/flights.parquet"


@pytest.fixture(scope="module")
def target(local_aws):
    session = boto3.Session("test", "test", region_name="us-east-1")
    url = local_aws.endpoint_url
    found = Target("local", session, lambda: ensure_sandbox(session, url), endpoint_url=url, poll_seconds=0.2)
    upsert(found, Settings())
    return found


@pytest.fixture
def run_on(target, bucket, tmp_path, monkeypatch):
    """Run the pipeline on the source data after `damage(folder)`; return the reason of its failure."""

    def run(damage, *parameters):
        folder = tmp_path / "raw"
        shutil.copytree(raw_zone._landed(), folder)
        damage(folder)
        monkeypatch.setattr(raw_zone, "_landed", lambda: folder)
        uri = f"s3://{bucket}/raw"
        raw_zone.upload_raw_data(target.client("s3"), uri)
        state = follow(target, start(target, Settings(), [f"RawDataUri={uri}", *parameters]))
        assert state.status == "Failed"
        assert state.step("RegisterModel").status == "NotStarted"
        # The same reason stands in DescribePipelineExecution.
        assert Executions(target.client("sagemaker")).state(state.arn).failure_reason
        return failure_text(state)

    return run


def rewrite(folder, change):
    frame = pd.read_parquet(folder / JANUARY)
    change(frame).to_parquet(folder / JANUARY)


def test_a_corrupt_file_is_named(run_on):
    reason = run_on(lambda folder: (folder / JANUARY).write_bytes(b"PAR1 this is no Parquet"))

    assert "step Prepare" in reason
    assert "month=01/flights.parquet" in reason


def test_a_missing_column_is_named(run_on):
    reason = run_on(lambda folder: rewrite(folder, lambda frame: frame.drop(columns="sched_dep_time")))

    assert "sched_dep_time" in reason


def test_an_empty_table_is_named(run_on):
    reason = run_on(lambda folder: shutil.rmtree(folder / "airports"))

    assert "airports" in reason


def test_too_many_bad_rows_are_refused_with_their_share(run_on):
    def spoil(frame):
        frame.loc[frame.sample(frac=1.0, random_state=0).index, "distance"] = -1
        return frame

    reason = run_on(lambda folder: rewrite(folder, spoil))

    assert "flights" in reason
    assert "%" in reason


def test_a_missing_prefix_is_named(target, bucket):
    state = follow(target, start(target, Settings(), [f"RawDataUri=s3://{bucket}/nothing-here"]))

    assert "nothing-here" in failure_text(state)
