"""Find the requests per second that an endpoint's one instance answers within the latency target."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.bundle import ROOT
from pipelines.errors import ExecutionFailedError

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_TAIL = 1500
_GRACE_SECONDS = 60


@dataclass(frozen=True)
class Step:
    """What a number of clients, each waiting for its answer, measured.

    Attributes:
        clients: How many at once.
        requests_per_second: Answered.
        p50_ms: Half of the answers came within.
        p99_ms: All but one in a hundred came within.
        failures: Requests without an answer, or with an error.
    """

    clients: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int


def staircase(
    endpoint: str, payloads: Path, clients: Sequence[int], *, seconds: float, variables: Mapping[str, str]
) -> Iterator[Step]:
    """Yield a step per number of clients.

    Args:
        endpoint: Name of the endpoint.
        payloads: File with a JSON request a line.
        clients: How many at once, step by step.
        seconds: How long a step takes.
        variables: AWS_* variables of the target.

    Raises:
        ExecutionFailedError: Locust did not run.
    """
    for count in clients:
        with start_load(endpoint, payloads, count, seconds=seconds, variables=variables) as load:
            output, errors = load.communicate(timeout=seconds + _GRACE_SECONDS)
        yield read_statistics(output, count, errors)


def start_load(
    endpoint: str, payloads: Path, clients: int, *, seconds: float, variables: Mapping[str, str]
) -> "subprocess.Popen[str]":
    """Start so many clients, each of which waits for its answers."""
    options = ["--headless", "--only-summary", "--json", "--loglevel", "ERROR", "--reset-stats"]
    shape = ["--users", str(clients), "--spawn-rate", str(clients), "--run-time", f"{seconds:g}s"]
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), *options, *shape],
        cwd=ROOT,
        env={**os.environ, **variables, "ENDPOINT_NAME": endpoint, "PAYLOADS": str(payloads.absolute())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_statistics(output: str, clients: int, errors: str = "") -> Step:
    """Return a step from Locust's JSON output.

    Raises:
        ExecutionFailedError: It is none.
    """
    try:
        (entry,) = json.loads(output)
    except ValueError:
        raise ExecutionFailedError(f"Locust did not measure {clients} clients: {(errors or output)[-_TAIL:]}") from None
    duration = max(entry["last_request_timestamp"] - entry["start_time"], 1e-9)
    times = {float(ms): int(count) for ms, count in entry["response_times"].items()}
    answered = entry["num_requests"] - entry["num_failures"]
    return Step(clients, answered / duration, _percentile(times, 0.50), _percentile(times, 0.99), entry["num_failures"])


def sustained(steps: Sequence[Step], latency_target_ms: float) -> Step | None:
    """Return the step of most requests per second that kept the target without a failure, or None."""
    kept = [step for step in steps if step.p99_ms <= latency_target_ms and step.failures == 0]
    return max(kept, key=lambda step: step.requests_per_second, default=None)


def invocations_per_instance(max_rps: float, safety_factor: float) -> float:
    """Return the target for SageMakerVariantInvocationsPerInstance, in invocations a minute.

    AWS: (MAX_RPS * SAFETY_FACTOR) * 60, "Load testing your auto scaling configuration" in the SageMaker guide.

    Raises:
        ValueError: The safety factor is not above 0 and up to 1, or nothing was sustained.
    """
    if not 0 < safety_factor <= 1 or max_rps <= 0:
        raise ValueError(f"max_rps {max_rps!r} and safety_factor {safety_factor!r} must be above 0, the factor up to 1")
    return round(max_rps * safety_factor * 60, 1)


def _percentile(times: Mapping[float, int], share: float) -> float:
    wanted, seen = share * sum(times.values()), 0
    for value in sorted(times):
        seen += times[value]
        if seen >= wanted:
            return value
    return 0.0
