"""Measure ten pipelines of one trivial processing step, beside the same script started by hand."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from benchmarks.local_server import local_aws
from benchmarks.measurement import Measurement

BOUND_SECONDS = 1.0
PIPELINES = 10
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
ROLE = "arn:aws:iam::123456789012:role/benchmark"
SCRIPT = "import pandas, xgboost; print(pandas.__version__)"


def measure(folder: Path) -> Iterator[Measurement]:
    """Run the pipelines one after the other; the first, which warms the server, does not count."""
    with local_aws(folder) as environment:
        client = boto3.client(
            "sagemaker",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        for number in range(PIPELINES + 1):
            client.create_pipeline(
                PipelineName=f"trivial-{number}",
                RoleArn=ROLE,
                PipelineDefinition=_definition(),
                ClientRequestToken=f"{number:032d}",
            )
        _execute(client, "trivial-0")
        seconds = statistics.mean(_execute(client, f"trivial-{number}") for number in range(1, PIPELINES + 1))
    by_hand = statistics.mean(_by_hand() for _ in range(3))
    yield Measurement("a pipeline of one trivial step", seconds, "s", BOUND_SECONDS, "the issue's bound")
    yield Measurement("the same script by hand, cold Python", by_hand, "s", None, "what a process costs without us")
    yield Measurement("pipeline over script by hand", seconds / by_hand, "ratio", 1.0, "in one run")


def _definition() -> str:
    arguments = {
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", SCRIPT]},
        "RoleArn": ROLE,
    }
    return json.dumps(
        {"Version": "2020-12-01", "Steps": [{"Name": "Only", "Type": "Processing", "Arguments": arguments}]}
    )


def _execute(client: Any, name: str) -> float:
    started = time.perf_counter()
    arn = client.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    while True:
        status = client.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        if status != "Executing":
            break
        time.sleep(0.005)
    if status != "Succeeded":
        raise RuntimeError(f"{arn} ended as {status}")
    return time.perf_counter() - started


def _by_hand() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True)
    return time.perf_counter() - started
