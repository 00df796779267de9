"""Locust's user: one that invokes the endpoint again and again, with flights in turn.

Run by `measure`, which hands over ENDPOINT_NAME, PAYLOADS (a file of JSON lines) and the AWS_* variables.
"""

import itertools
import os
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from locust import User, task

_ENDPOINT = os.environ["ENDPOINT_NAME"]
_PAYLOADS = itertools.cycle(Path(os.environ["PAYLOADS"]).read_bytes().splitlines())
# Every request counts as it is: a retry would hide an error and its time.
_CONFIG = Config(retries={"total_max_attempts": 1}, max_pool_connections=256)
_CLIENT: Any = boto3.client(
    "sagemaker-runtime", endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None, config=_CONFIG
)


class Application(User):
    """One client that waits for each answer."""

    @task
    def invoke(self) -> None:
        """Send one flight."""
        started, error = time.perf_counter(), None
        try:
            answer = _CLIENT.invoke_endpoint(
                EndpointName=_ENDPOINT, Body=next(_PAYLOADS), ContentType="application/json"
            )
            answer["Body"].read()
        except (ClientError, BotoCoreError) as caught:
            error = caught
        self.environment.events.request.fire(
            request_type="invoke",
            name="endpoint",
            response_time=(time.perf_counter() - started) * 1000,
            response_length=0,
            exception=error,
        )
