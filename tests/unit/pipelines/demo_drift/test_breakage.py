"""What is broken is put right again, as it was."""

import io

import pytest

from pipelines.demo_drift.breakage import CaptureStopped, StateOverwritten
from pipelines.errors import ExecutionFailedError

REPORTS = "s3://capture/monitoring/endpoint/champion"


class Bucket:
    """As much of S3 as the breakages use."""

    def __init__(self, **objects):
        self.objects = objects

    def get_paginator(self, _):
        return self

    def paginate(self, Bucket, Prefix, **_):
        yield {"Contents": [{"Key": key, "Size": 1} for key in sorted(self.objects) if key.startswith(Prefix)]}

    def get_object(self, Bucket, Key):
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, Bucket, Key, Body):
        self.objects[Key] = Body


class SageMaker:
    """An endpoint whose updates end as a test says."""

    def __init__(self, ends_as="InService"):
        self.configs = {"good" * 15: {"DataCaptureConfig": {"EnableCapture": True}, "ProductionVariants": ["champion"]}}
        self.live, self.ends_as = "good" * 15, ends_as

    def describe_endpoint(self, EndpointName):
        return {"EndpointConfigName": self.live, "EndpointStatus": self.ends_as}

    def describe_endpoint_config(self, EndpointConfigName):
        config = self.configs[EndpointConfigName]
        made = {"EndpointConfigArn": "arn", "CreationTime": 0, "EndpointConfigName": EndpointConfigName}
        return {**config, **made, "DataCaptureConfig": dict(config["DataCaptureConfig"])}

    def create_endpoint_config(self, EndpointConfigName, **config):
        assert len(EndpointConfigName) <= 63
        assert not {"EndpointConfigArn", "CreationTime"} & set(config)
        self.configs[EndpointConfigName] = config

    def delete_endpoint_config(self, EndpointConfigName):
        del self.configs[EndpointConfigName]

    def update_endpoint(self, EndpointName, EndpointConfigName):
        self.live = EndpointConfigName


class Target:
    def __init__(self, client_):
        self._client = client_

    def client(self, _):
        return self._client


def test_only_the_newest_state_is_overwritten_and_comes_back():
    folder = "monitoring/endpoint/champion/2026/12"
    before = {
        f"{folder}/01/state/state.json": b"old",
        f"{folder}/02/report.json": b"report",
        f"{folder}/02/state/pending.jsonl.gz": b"pending",
        f"{folder}/02/state/state.json": b"new",
    }
    bucket = Bucket(**before)
    breakage = StateOverwritten(Target(bucket), REPORTS)

    breakage.plant()
    changed = {key for key, body in bucket.objects.items() if body != before[key]}
    breakage.mend()

    assert changed == {f"{folder}/02/state/pending.jsonl.gz", f"{folder}/02/state/state.json"}
    assert bucket.objects == before


def test_capture_stops_by_another_configuration_and_the_old_one_comes_back():
    sagemaker = SageMaker()
    good, breakage = sagemaker.live, CaptureStopped(Target(sagemaker), "endpoint")

    breakage.plant()

    assert sagemaker.configs[sagemaker.live]["DataCaptureConfig"] == {"EnableCapture": False}
    assert sagemaker.configs[good]["DataCaptureConfig"] == {"EnableCapture": True}
    breakage.mend()
    assert (sagemaker.live, list(sagemaker.configs)) == (good, [good])


def test_an_endpoint_that_refuses_the_configuration_is_told():
    with pytest.raises(ExecutionFailedError, match="did not take the configuration"):
        CaptureStopped(Target(SageMaker("Failed")), "endpoint").plant()
