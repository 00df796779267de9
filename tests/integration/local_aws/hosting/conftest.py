"""Endpoints of tiny models, whose answers tell which model gave them."""

import io
import itertools
import json
import os
import tarfile
import threading
import time

import pytest
from botocore.exceptions import ClientError

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/endpoint"
SERVE = """
import os, time, signal

def model_fn(model_dir):
    return os.environ.get('ANSWER', 'a')

def transform_fn(model, body, content_type, accept):
    text = body if isinstance(body, str) else body.decode(errors='replace')
    if model == 'broken' or text.startswith('broken'):
        raise ValueError('a broken record')
    if text.startswith('sleep'):
        time.sleep(float(text.split()[1]))
    if text.startswith('die'):
        os.kill(os.getpid(), signal.SIGKILL)
    return f'{model}:{text}', 'text/csv'
"""


def archive(**files):
    """Return a model.tar.gz of texts; `code__serve.py` is `code/serve.py`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Hosting:
    """Makes models, configurations and endpoints, and ends what it made."""

    def __init__(self, client, bucket, unique):
        self.sagemaker, self.runtime, self.s3 = client("sagemaker"), client("sagemaker-runtime"), client("s3")
        self.bucket, self.unique = bucket, unique
        self.endpoints = []
        self._has_archive = False

    def container(self, answer, **environment):
        if not self._has_archive:
            data = archive(**{"code__serve.py": SERVE})
            self.s3.put_object(Bucket=self.bucket, Key="model.tar.gz", Body=data)
            self._has_archive = True
        own = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code", "ANSWER": answer}
        return {
            "Image": IMAGE,
            "ModelDataUrl": f"s3://{self.bucket}/model.tar.gz",
            "Environment": {**own, **environment},
        }

    def model(self, answer="a", **fields):
        name = self.unique("model")
        request = {"PrimaryContainer": self.container(answer), **fields}
        if "Containers" in fields:
            del request["PrimaryContainer"]
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **request)
        return name

    def variant(self, name="champion", answer=None, count=1, weight=1.0, **fields):
        sizes = {} if "ServerlessConfig" in fields else {"InstanceType": "ml.m5.large", "InitialInstanceCount": count}
        model = fields.pop("ModelName", None) or self.model(answer or name)
        return {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight, **sizes, **fields}

    def config(self, *variants, **fields):
        name = self.unique("config")
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants) or [self.variant()], **fields
        )
        return name

    def capture(self, **fields):
        return {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.bucket}/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
            **fields,
        }

    def start(self, config, **fields):
        """Create an endpoint without waiting for it."""
        name = self.unique("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **fields)
        self.endpoints.append(name)
        return name

    def endpoint(self, *variants, **fields):
        """Create an endpoint and wait until it is in service."""
        name = self.start(self.config(*variants, **fields))
        found = self.wait(name)
        assert found["EndpointStatus"] == "InService", found["FailureReason"]
        return name

    def describe(self, name):
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def wait(self, name, *statuses, seconds=30):
        """Return the description once the status is one of some, or no transitional one."""
        transitional = {"Creating", "Updating", "RollingBack", "Deleting"}
        deadline = time.monotonic() + seconds
        while True:
            found = self.describe(name)
            status = found["EndpointStatus"]
            if status in statuses or (not statuses and status not in transitional):
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(found)
            time.sleep(0.02)

    def gone(self, name, seconds=30):
        """Wait until an endpoint is deleted."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.describe(name)
            except ClientError:
                return
            time.sleep(0.02)
        raise TimeoutError(name)

    def delete(self, name):
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.gone(name)

    def end(self):
        """End what is left."""
        for name in self.endpoints:
            try:
                self.wait(name)
                self.sagemaker.delete_endpoint(EndpointName=name)
            except ClientError:
                continue
        for name in self.endpoints:
            self.gone(name)

    def ask(self, name, body="1,2", **fields):
        """Return the body of an answer."""
        request = {"ContentType": "text/csv", **fields}
        return self.runtime.invoke_endpoint(EndpointName=name, **{"Body": body, **request})["Body"].read().decode()

    def captured(self, name, prefix="capture"):
        """Return key and record of every captured request."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{prefix}/{name}/")
        return [
            (item["Key"], json.loads(line))
            for page in pages
            for item in page.get("Contents", ())
            for line in self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read().splitlines()
        ]

    def ids(self, name):
        """Return the InferenceId of every captured request, in order of the ids."""
        return sorted(record["eventMetadata"].get("inferenceId", "") for _, record in self.captured(name))


class Clients:
    """Threads that invoke an endpoint at the same time."""

    def __init__(self, count, work):
        self.errors, self.answers = [], []
        self._work = work
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.join()

    def join(self):
        for thread in self._threads:
            thread.join()

    def stop(self):
        self._stop.set()

    def _run(self, number):
        for item in self._work(number, self._stop):
            try:
                self.answers.append(item())
            except ClientError as err:
                self.errors.append(err)


@pytest.fixture
def hosting(client, bucket, unique):
    made = Hosting(client, bucket, unique)
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared(local_aws, request):
    """For endpoints which the tests of a module share, since none of them changes one."""

    def client(service):
        return local_aws.clients(service, local_aws.settings.region)

    module = request.module.__name__.rpartition("_")[2]
    numbers = itertools.count(1)

    def unique(prefix):
        return f"{prefix}-{module}-{os.getpid()}-{next(numbers)}"

    bucket = unique("shared")
    client("s3").create_bucket(Bucket=bucket)
    made = Hosting(client, bucket, unique)
    yield made
    made.end()
