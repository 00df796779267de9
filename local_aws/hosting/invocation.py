"""Answer one request to an endpoint: choose who answers, ask, capture, measure."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from local_aws.data_plane import DataPlane
from local_aws.hosting import metrics
from local_aws.hosting.capture import Exchange
from local_aws.hosting.connection import Answer, AnswerTimeoutError, NoAnswerError, NotDeliveredError
from local_aws.hosting.endpoint import LiveEndpoint
from local_aws.hosting.errors import (
    InvocationValidationError,
    ModelInvocationError,
    ThrottledError,
    UnavailableError,
)
from local_aws.hosting.fleet import Fleet
from local_aws.hosting.instance import Instance
from local_aws.hosting.variant import NoInstanceError, Pool, PoolClosedError, TooManyRequestsError

MODEL_SECONDS = 60.0
_WAIT_SECONDS = 30.0
_RETRY_PAUSE = 0.01
_ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container {name}. Review the latency metrics for each "
    "container in Amazon CloudWatch, resolve the issue, and try again."
)


@dataclass(frozen=True)
class Invocation:
    """What a client asks of an endpoint."""

    body: bytes
    content_type: str = "application/octet-stream"
    accept: str = ""
    custom_attributes: str = ""
    inference_id: str = ""
    target_variant: str = ""
    timeout: float = MODEL_SECONDS
    started: float = field(default_factory=time.perf_counter)

    def headers(self) -> Mapping[str, str]:
        """Return what the container is told."""
        sent = {"Content-Type": self.content_type, "Accept": self.accept or "*/*"}
        return {**sent, _ATTRIBUTES_HEADER: self.custom_attributes} if self.custom_attributes else sent


@dataclass(frozen=True)
class Reply:
    """A model's successful answer."""

    answer: Answer
    variant: str

    @property
    def custom_attributes(self) -> str:
        """What the container tells the client beside the answer."""
        return self.answer.headers.get(_ATTRIBUTES_HEADER, "")


def invoke(plane: DataPlane, endpoint: LiveEndpoint, request: Invocation) -> Reply:
    """Answer a request.

    Raises:
        InvocationValidationError: It names a variant that does not exist, or no variant has traffic.
        ModelInvocationError: The model answers with an error, or not at all.
        ThrottledError: A serverless variant is busy.
        UnavailableError: No instance is in service.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    _copy_to_shadow(plane, endpoint, request)
    while True:
        fleet = endpoint.choose(max(deadline - time.monotonic(), 0))
        if fleet is None:
            raise UnavailableError("The endpoint has no instance in service.")
        variant, pool = _variant(endpoint, fleet, request)
        try:
            return _Attempt(plane, endpoint, fleet, variant, pool, request).run(deadline)
        except PoolClosedError:
            continue  # the traffic has just moved to another fleet
        except NotDeliveredError:
            # The instance has died or drains: its replacement, or another one, answers.
            if time.monotonic() > deadline:
                raise UnavailableError(f"No instance of variant {variant} answers.") from None
            time.sleep(_RETRY_PAUSE)


def _copy_to_shadow(plane: DataPlane, endpoint: LiveEndpoint, request: Invocation) -> None:
    fleet = endpoint.fleet
    if fleet is None or fleet.shadow is None:
        return
    for name, pool in fleet.shadow_pools.items():
        attempt = _Attempt(plane, endpoint, fleet, name, pool, request)
        fleet.shadow.send(lambda attempt=attempt: attempt.run(time.monotonic() + _WAIT_SECONDS))  # type: ignore[misc]


def _variant(endpoint: LiveEndpoint, fleet: Fleet, request: Invocation) -> tuple[str, Pool]:
    name = request.target_variant or fleet.choose()
    if name is None:
        raise InvocationValidationError(
            f"All variants of endpoint {endpoint.key.name} have weight 0. Name one by TargetVariant, or change the "
            "weights with UpdateEndpointWeightsAndCapacities."
        )
    pool = fleet.pools.get(name)
    if pool is None:
        raise InvocationValidationError(
            f"Variant {name} was not found for endpoint {endpoint.key.name}; it has {', '.join(fleet.pools)}."
        )
    return name, pool


@dataclass(frozen=True)
class _Attempt:
    plane: DataPlane
    endpoint: LiveEndpoint
    fleet: Fleet
    variant: str
    pool: Pool
    request: Invocation

    def run(self, deadline: float) -> Reply:
        instance = self._acquire(deadline)
        if self.fleet.is_sample_due(self.variant, self.plane.clock.time()):
            metrics.sample_concurrency(self.plane, self.endpoint.key, self.variant, self.pool)
        sent = time.perf_counter()
        try:
            answer, name = instance.invoke(self.request.headers(), self.request.body, self.request.timeout)
        except NotDeliveredError:
            raise
        except NoAnswerError as err:
            self._measure(0, sent)
            if isinstance(err, AnswerTimeoutError):
                self.plane.spawn(f"check-{instance.id}", instance.end_if_hung)
            raise self._no_answer(err, instance) from err
        finally:
            self.pool.release(instance)
        self._measure(answer.status, sent)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP
            raise self._refused(answer, name, instance)
        self._capture(answer)
        return Reply(answer, self.variant)

    def _acquire(self, deadline: float) -> Instance:
        try:
            return self.pool.acquire(max(deadline - time.monotonic(), 0.001))
        except NoInstanceError as err:
            raise UnavailableError(f"The endpoint is not available: {err}.") from err
        except TooManyRequestsError as err:
            raise ThrottledError(f"Rate exceeded: {err}.") from err

    def _capture(self, answer: Answer) -> None:
        rules, request = self.fleet.capture, self.request
        if rules is None or not rules.selects():
            return
        exchange = Exchange(
            request.inference_id,
            request.custom_attributes,
            request.content_type,
            request.body,
            answer.content_type,
            answer.body,
        )
        self.plane.endpoints.capture(self.plane).add(rules, self.pool.plan, exchange)

    def _measure(self, status: int, sent: float) -> None:
        now = time.perf_counter()
        self.fleet.count(self.variant)
        outcome = metrics.Outcome(status, now - sent, sent - self.request.started, len(self.pool.instances))
        config = self.fleet.plan.name if self.fleet.is_green else None
        metrics.record(
            self.plane, self.endpoint.key, metrics.dimensions_of(self.endpoint.key, self.variant, config), outcome
        )

    def _no_answer(self, err: NoAnswerError, instance: Instance) -> ModelInvocationError:
        name = instance.hops[0].name
        text = _TIMED_OUT.format(name=name) if isinstance(err, AnswerTimeoutError) else str(err)
        return self._error(0, text, name, instance)

    def _refused(self, answer: Answer, name: str, instance: Instance) -> ModelInvocationError:
        return self._error(answer.status, answer.body.decode(errors="replace"), name, instance)

    def _error(self, status: int, text: str, name: str, instance: Instance) -> ModelInvocationError:
        key, group = self.endpoint.key, instance.plan.log_group
        kind = "client" if 400 <= status < 500 else "server"  # noqa: PLR2004 - HTTP
        console = f"https://{key.region}.console.aws.amazon.com/cloudwatch/home?region={key.region}"
        return ModelInvocationError(
            f'Received {kind} error ({status}) from {name} with message "{text}". See {console}#logEventViewer:'
            f"group={group} in account {key.account_id} for more information.",
            OriginalStatusCode=status,
            OriginalMessage=text,
            LogStreamArn=f"arn:aws:logs:{key.region}:{key.account_id}:log-group:{group}",
        )
