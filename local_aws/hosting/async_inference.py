"""Answer requests of asynchronous endpoints: inputs from S3, answers to S3, notices to SNS."""

import json
import logging
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.hosting.endpoint import LiveEndpoint
from local_aws.hosting.errors import InvocationValidationError
from local_aws.hosting.invocation import Invocation, Reply, invoke
from local_aws.jobs.execution import subnets_of
from local_aws.jobs.s3 import Location
from local_aws.store import Record

_LOG = logging.getLogger(__name__)
DEFAULT_SECONDS = 900.0
_DEFAULT_CONCURRENCY = 4
_LOCK = threading.Lock()


@dataclass(frozen=True)
class AsyncRequest:
    """A request as the client made it.

    Attributes:
        location: S3 URI of the input.
        received: When, ISO 8601.
    """

    invocation: Invocation
    location: str
    received: str
    inference_id: str


@dataclass(frozen=True)
class Ticket:
    """What the client gets at once."""

    inference_id: str
    output: str
    failure: str


def submit(plane: DataPlane, endpoint: LiveEndpoint, headers: Mapping[str, str], invocation: Invocation) -> Ticket:
    """Take a request and answer it on another thread.

    Raises:
        InvocationValidationError: The endpoint is not asynchronous, or the request names no input.
    """
    config = async_config(endpoint)
    if config is None:
        raise InvocationValidationError(
            f"Endpoint {endpoint.key.name} is not asynchronous: its configuration has no AsyncInferenceConfig."
        )
    location = headers.get("INPUTLOCATION", "")
    if not location:
        raise InvocationValidationError("InvokeEndpointAsync needs InputLocation, an S3 URI.")
    Location.parse(location)
    output, name = config["OutputConfig"], uuid.uuid4()
    identity = invocation.inference_id or str(uuid.uuid4())
    results = output.get("S3OutputPath", "").rstrip("/")
    failures = output.get("S3FailurePath", "").rstrip("/")
    ticket = Ticket(identity, f"{results}/{name}.out", f"{failures}/{name}-error.out" if failures else "")
    request = AsyncRequest(invocation, location, plane.clock.now().isoformat(), identity)
    _queue(endpoint, config).submit(_Run(plane, endpoint, config, request, ticket).run)
    return ticket


def async_config(endpoint: LiveEndpoint) -> Record | None:
    """Return the AsyncInferenceConfig of what an endpoint runs."""
    found: Record | None = endpoint.fleet.plan.config.get("AsyncInferenceConfig") if endpoint.fleet else None
    return found


def _queue(endpoint: LiveEndpoint, config: Record) -> ThreadPoolExecutor:
    with _LOCK:
        if endpoint.queue is None:
            limit = config.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", _DEFAULT_CONCURRENCY)
            instances = sum(pool.desired for pool in endpoint.fleet.pools.values()) if endpoint.fleet else 1
            endpoint.queue = ThreadPoolExecutor(limit * max(instances, 1), thread_name_prefix="async-inference")
        return endpoint.queue


@dataclass(frozen=True)
class _Run:
    plane: DataPlane
    endpoint: LiveEndpoint
    config: Record
    request: AsyncRequest
    ticket: Ticket

    def run(self) -> None:
        """Answer the request; a failure becomes its failure object and notice."""
        try:
            reply = self._ask()
        except (ApiError, ClientError, BotoCoreError) as err:
            self._fail(err.message if isinstance(err, ApiError) else str(err))
        except Exception as err:  # noqa: BLE001 - the boundary of the request
            _LOG.exception("an asynchronous request to %s crashed", self.endpoint.key.name)
            self._fail(f"InternalFailure: {type(err).__name__}: {err}")
        else:
            self._succeed(reply)

    def _ask(self) -> Reply:
        source = Location.parse(self.request.location)
        body = self._client("s3").get_object(Bucket=source.bucket, Key=source.key)["Body"].read()
        given = self.request.invocation
        return invoke(
            self.plane,
            self.endpoint,
            Invocation(
                body,
                content_type=given.content_type,
                accept=given.accept,
                custom_attributes=given.custom_attributes,
                inference_id=self.request.inference_id,
                timeout=given.timeout,
            ),
        )

    def _succeed(self, reply: Reply) -> None:
        try:
            self._write(self.ticket.output, reply.answer.body, reply.answer.content_type)
        except (ClientError, BotoCoreError) as err:
            self._fail(f"The answer cannot be written to {self.ticket.output}: {err}")
            return
        response = {"contentType": reply.answer.content_type, "outputLocation": self.ticket.output}
        self._notify("SuccessTopic", invocationStatus="Completed", responseParameters=response)

    def _fail(self, reason: str) -> None:
        if self.ticket.failure:
            try:
                self._write(self.ticket.failure, reason.encode(), "text/plain")
            except (ClientError, BotoCoreError) as err:
                _LOG.warning("%s: a failure cannot be written: %s", self.endpoint.key.name, err)
        self._notify("ErrorTopic", invocationStatus="Failed", failureReason=reason)

    def _write(self, uri: str, body: bytes, content_type: str) -> None:
        target, key = Location.parse(uri), self.config["OutputConfig"].get("KmsKeyId")
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        kind = content_type or "application/octet-stream"
        self._client("s3").put_object(Bucket=target.bucket, Key=target.key, Body=body, ContentType=kind, **extra)

    def _notify(self, topic: str, **fields: Any) -> None:
        arn = self.config["OutputConfig"].get("NotificationConfig", {}).get(topic)
        if not arn:
            return
        asked = {"endpointName": self.endpoint.key.name, "inputLocation": self.request.location}
        message = {
            "awsRegion": self.endpoint.key.region,
            "eventTime": self.plane.clock.now().isoformat(),
            "receivedTime": self.request.received,
            "requestParameters": {"contentType": self.request.invocation.content_type, **asked},
            "inferenceId": self.ticket.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
            **fields,
        }
        try:
            self._client("sns").publish(TopicArn=arn, Message=json.dumps(message))
        except (ClientError, BotoCoreError) as err:
            _LOG.warning("%s: %s is not told: %s", self.endpoint.key.name, arn, err)

    def _client(self, service: str) -> Any:
        """Return a client under the model's role."""
        assert self.endpoint.fleet is not None, "it took the request"
        model = next(iter(self.endpoint.fleet.pools.values())).plan.model
        role = model["ExecutionRoleArn"]
        return self.plane.client(service, self.endpoint.key.region, role, subnets=subnets_of(model))
