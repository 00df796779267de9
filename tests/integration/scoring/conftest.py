"""The deployed scoring workflow under enforced IAM, with real jobs, real flights and a small model of real features."""

import json
import time
import urllib.request

import boto3
import pytest

from pipelines.platform.deployment import deploy
from pipelines.platform.outputs import deployed_resources, stack_outputs
from pipelines.targets import Target
from processing.prepare import main as prepare
from tests.own_process import local_aws_process
from tests.trained_model import train
from usecase.ingest import SOURCE_PACKAGE, load_source_table, write_table
from usecase.schema import TABLES

MODEL_ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "serve.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "DECISION_THRESHOLD": "0.2",
    # As pipelines/model_package.py registers it.
    "PIP_NO_BUILD_ISOLATION": "0",
}


def land(folder, keep):
    for name, table in TABLES.items():
        rows = load_source_table(name)
        write_table(rows[keep(rows)] if table.monthly else rows, table, folder)
    return folder


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory):
    """The first two days of every month, prepared and learned from."""
    folder = tmp_path_factory.mktemp("model")
    raw = land(folder / "raw", lambda rows: rows["day"] <= 2)
    flags = ["--raw-dir", raw, "--output-dir", folder / "prepared", "--message-file", folder / "message"]
    assert prepare([str(flag) for flag in flags], {}) == 0
    return train(folder / "prepared", folder)


class Scoring:
    """Runs the machine and looks at what it left.

    Attributes:
        without_endpoint: What the machine said before there was an endpoint.
    """

    def __init__(self, target, model_dir, raw):
        self.target, self.client = target, target.client
        self.facts, self.release = self._outputs("Scoring"), self._outputs("Release")
        self.s3, self.sagemaker, self.states = self.client("s3"), self.client("sagemaker"), self.client("stepfunctions")
        buckets = target.resources.buckets
        self.curated, self.archive = buckets.curated, (buckets.artifacts, "training/job-1/output/model.tar.gz")
        for file in raw.rglob("*.parquet"):
            self._put(buckets.raw, f"{SOURCE_PACKAGE}/{file.relative_to(raw).as_posix()}", file.read_bytes())
        self.model_bytes = (model_dir / "model.tar.gz").read_bytes()
        self._put(*self.archive, self.model_bytes)
        # A failed job is tried again after a minute.
        self._local_aws("clock", json.dumps({"speed": 60}).encode())
        self.without_endpoint = self.run({"day": "2013-12-05"})
        self.serve("7")

    def serve(self, version):
        """Make a version the champion."""
        endpoint, resources = self.release["endpoint"], self.target.resources
        model = f"{endpoint}-v{version}-{'0' * 32}"
        container = {
            "Image": resources.image,
            "ModelDataUrl": "s3://{}/{}".format(*self.archive),
            "Environment": {**MODEL_ENVIRONMENT, "MODEL_VERSION": version},
        }
        network = resources.network
        self.sagemaker.create_model(
            ModelName=model,
            ExecutionRoleArn=self.release["endpoint_role"],
            EnableNetworkIsolation=True,
            Containers=[container],
            VpcConfig={"Subnets": list(network.subnets), "SecurityGroupIds": list(network.security_groups)},
        )
        variant = {
            "VariantName": "champion",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        config = f"{endpoint}-{version}"
        self.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
        exists = version != "7"
        change = self.sagemaker.update_endpoint if exists else self.sagemaker.create_endpoint
        change(EndpointName=endpoint, EndpointConfigName=config)
        waiter = self.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=endpoint, WaiterConfig={"Delay": 1, "MaxAttempts": 90})

    def run(self, given):
        """Run the machine to its end; return its output, or its status, error and cause."""
        machine = self.facts["score_machine"]
        arn = self.states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        end = time.monotonic() + 180
        while (found := self.states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < end, "the machine does not end"
            time.sleep(0.2)
        if "output" in found:
            return json.loads(found["output"])
        return {"outcome": found["status"], "error": found.get("error"), "reason": found.get("cause")}

    def transforms(self):
        return [item["TransformJobName"] for item in self.sagemaker.list_transform_jobs()["TransformJobSummaries"]]

    def predictions(self, day):
        """Key → content of what lies in a day's folder."""
        found = self.s3.list_objects_v2(Bucket=self.curated, Prefix=f"predictions/date={day}/").get("Contents", [])
        return {item["Key"]: self.s3.get_object(Bucket=self.curated, Key=item["Key"])["Body"].read() for item in found}

    def break_the_model(self):
        self._put(*self.archive, b"no archive")

    def repair_the_model(self):
        self._put(*self.archive, self.model_bytes)

    def denied(self):
        return self._local_aws("iam/usage")["used_but_not_granted"]

    def _local_aws(self, page, body=None):
        request = urllib.request.Request(f"{self.target.endpoint_url}/_local_aws/{page}", data=body)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def _put(self, bucket, key, body):
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def _outputs(self, stack):
        return json.loads(stack_outputs(self.client("cloudformation"), f"FlightDelay-sandbox-{stack}")[stack])


@pytest.fixture(scope="session")
def raw(tmp_path_factory):
    """Thirty-five days up to the scored one and its morrow."""
    return land(
        tmp_path_factory.mktemp("raw"),
        lambda rows: (rows["month"] == 11) | ((rows["month"] == 12) & (rows["day"] <= 6)),
    )


@pytest.fixture(scope="session")
def scoring(tmp_path_factory, model_dir, raw):
    with local_aws_process(tmp_path_factory.mktemp("scoring"), "--iam", "enforce") as environment:
        session = boto3.Session("test", "test", region_name="us-east-1")

        def find():
            return deployed_resources(target.client("cloudformation"), "sandbox")

        target = Target("local", session, find, endpoint_url=environment["AWS_ENDPOINT_URL"], variables=environment)
        target.poll_seconds = 0.2
        deploy(target, "sandbox", "default")
        yield Scoring(target, model_dir, raw)
