"""Use the SageMaker SDK v3 as a compiler only: no network, no credentials, no telemetry, no output.

Left alone, the SDK makes an AWS client while it is imported, validates roles against IAM, lists buckets, reports
every call (with the text of exceptions) and validates its own configuration 46 times while it builds one pipeline.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3

_NO_FILE = os.devnull
_ENVIRONMENT = {
    "SAGEMAKER_VALIDATE_ROLE": "false",
    "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": _NO_FILE,
    "SAGEMAKER_USER_CONFIG_OVERRIDE": _NO_FILE,
    "AWS_CONFIG_FILE": _NO_FILE,
    "AWS_SHARED_CREDENTIALS_FILE": _NO_FILE,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "offline",
    "AWS_SECRET_ACCESS_KEY": "offline",
    # A region for which the SDK has every table. No region of the definition comes from here.
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}
_UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")
_CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


@contextmanager
def offline() -> Iterator[None]:
    """Let the SDK be imported and used within; restore the process's environment afterwards."""
    before, session = dict(os.environ), boto3.DEFAULT_SESSION
    os.environ.update(_ENVIRONMENT)
    for name in _UNSET:
        os.environ.pop(name, None)
    boto3.DEFAULT_SESSION = None
    try:
        with _quiet():
            yield
    finally:
        boto3.DEFAULT_SESSION = session
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def offline_pipeline_session() -> Iterator[Any]:
    """Give a PipelineSession that never talks to AWS."""
    with offline():
        from sagemaker.core.config.config_manager import SageMakerConfig  # noqa: PLC0415 - only importable offline
        from sagemaker.core.workflow.pipeline_context import PipelineSession  # noqa: PLC0415

        with mock.patch.object(SageMakerConfig, "validate_sagemaker_config", return_value=None):
            yield PipelineSession(boto_session=boto3.Session(), default_bucket="unused", sagemaker_config=_CONFIG)


@contextmanager
def _quiet() -> Iterator[None]:
    previous = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)
