"""Find what one instance takes at the latency target, set autoscaling's target by it, and show scaling."""

import argparse
import dataclasses
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.bundle import ROOT
from pipelines.demo.clock import LocalClock
from pipelines.demo.objects import Objects
from pipelines.demo.traffic import days_of
from pipelines.deploy import git_commit
from pipelines.errors import ExecutionFailedError, UsageError
from pipelines.load_test import scaling
from pipelines.load_test.endpoint import measured_endpoint, newest_package
from pipelines.load_test.measure import Step, invocations_per_instance, staircase, start_load, sustained
from pipelines.load_test.picture import latency_chart, scaling_chart
from pipelines.platform.outputs import stack_name, stack_outputs
from pipelines.run_folder import new_run_folder, write_json
from pipelines.targets import Target
from pipelines.verbs.options import add_platform_target, platform_target
from usecase.feature_spec import FeatureSpec

SUMMARY = "find what one instance takes, and set autoscaling's target by it"
RESULT = ROOT / "infra" / "load_test.json"
_CLIENTS = (1, 2, 4, 8, 16, 32)
_SPEED = 6.0
_MOST_INSTANCES = 3
_MOST_MINUTES = 30.0
_IDLE_SECONDS = 30
_ENOUGH_PAYLOADS = 500


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_platform_target(parser)
    parser.add_argument("--latency-ms", type=float, default=200, help="target for p99 (default: %(default)s)")
    parser.add_argument("--safety-factor", type=float, default=0.5, help="share of the maximum (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="per number of clients (default: %(default)s)")
    parser.add_argument("--instance-type", default="ml.m5.large", help="what is measured (default: %(default)s)")
    parser.add_argument("--no-scaling", action="store_true", help="measure only")


def run(arguments: argparse.Namespace) -> int:
    """Measure, write the result where the stage's settings read it, show scale-out and scale-in."""
    target = platform_target(arguments)
    outputs = stack_outputs(target.client("cloudformation"), stack_name(arguments.stage, "Release"))
    if not outputs:
        raise UsageError("the platform is not deployed here", hint="`make deploy`, then `make run` for a model")
    facts, package = json.loads(outputs["Release"]), newest_package(target)
    folder = new_run_folder(datetime.now(UTC), ROOT / ".local" / "load-tests")
    payloads = _payloads(target, package, folder)
    with measured_endpoint(target, facts, package["ModelPackageArn"], arguments.instance_type) as endpoint:
        steps = _measure(target, endpoint, payloads, arguments)
        best = sustained(steps, arguments.latency_ms)
        if best is None:
            raise ExecutionFailedError(
                f"not even one client at a time kept p99 below {arguments.latency_ms:g} ms",
                hint="measure a larger --instance-type, or allow a larger --latency-ms",
            )
        result = _result(target, steps, best, arguments)
        write_json(RESULT, result)
        sys.stdout.write(f"{result['invocations_per_instance']:g} invocations a minute → {RESULT.relative_to(ROOT)}\n")
        moments = [] if arguments.no_scaling else _scale(target, endpoint, payloads, best)
    _draw(folder, steps, moments, arguments.latency_ms)
    write_json(folder / "summary.json", {**result, "scaling": [dataclasses.asdict(moment) for moment in moments]})
    sys.stdout.write(f"pictures: {folder.relative_to(ROOT)}\n")
    return 0


def _measure(target: Target, endpoint: str, payloads: Path, arguments: argparse.Namespace) -> list[Step]:
    sys.stdout.write("clients   requests/s    p50 ms    p99 ms  failures\n")
    steps: list[Step] = []
    for step in staircase(endpoint, payloads, _CLIENTS, seconds=arguments.seconds, variables=target.variables or {}):
        steps.append(step)
        figures = f"{step.requests_per_second:>12.1f}{step.p50_ms:>10.0f}{step.p99_ms:>10.0f}{step.failures:>10}"
        sys.stdout.write(f"{step.clients:>7}{figures}\n")
        sys.stdout.flush()
        if step.p99_ms > arguments.latency_ms or step.failures:
            break
    return steps


def _result(target: Target, steps: Sequence[Step], best: Step, arguments: argparse.Namespace) -> dict[str, Any]:
    rate = round(best.requests_per_second, 1)
    note = "measured on the local AWS, a simulation: measure on AWS before you rely on it"
    return {
        "schema_version": 1,
        "target": target.name,
        "note": note if target.name == "local" else "measured on AWS",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": git_commit(),
        "instance_type": arguments.instance_type,
        "latency_target_ms": arguments.latency_ms,
        "max_rps": rate,
        "safety_factor": arguments.safety_factor,
        "invocations_per_instance": invocations_per_instance(rate, arguments.safety_factor),
        "steps": [dataclasses.asdict(step) for step in steps],
    }


def _scale(target: Target, endpoint: str, payloads: Path, best: Step) -> list[scaling.Moment]:
    """Load the instance with what it just takes; locally, the clock runs faster, so a minute holds fewer requests."""
    speed, now, rest = _clock_of(target)
    per_minute = invocations_per_instance(best.requests_per_second, 0.5) / speed
    scaling.register(target, endpoint, invocations=per_minute, most=_MOST_INSTANCES)
    sys.stdout.write("scaling: load is on until there are more instances, then off until there is one\n")
    sys.stdout.flush()
    load = start_load(endpoint, payloads, best.clients, seconds=3600, variables=target.variables or {})
    try:
        moments = scaling.watch(target, endpoint, load, now, most_minutes=_MOST_MINUTES, rest=rest)
    finally:
        load.kill()
        scaling.deregister(target, endpoint)
    most = max(moment.instances for moment in moments)
    sys.stdout.write(f"scaling: {most} instances under load, {moments[-1].instances} after it\n")
    return moments


def _clock_of(target: Target) -> tuple[float, Callable[[], datetime], Callable[[bool], None]]:
    if target.endpoint_url is None:
        return 1.0, scaling.utc_now, scaling.sleep_a_while
    clock = LocalClock(target.endpoint_url)
    clock.set_speed(_SPEED)

    def rest(is_loaded: bool) -> None:
        time.sleep(1)
        if not is_loaded:
            clock.advance(_IDLE_SECONDS)

    return _SPEED, clock.now, rest


def _payloads(target: Target, package: dict[str, Any], folder: Path) -> Path:
    """Write requests of the production months that the package's data were prepared with."""
    objects = Objects(target.client("s3"))
    baseline = package["ModelMetrics"]["ModelDataQuality"]["Statistics"]["S3Uri"]
    prepared = baseline.rpartition("/baseline/")[0]
    spec = FeatureSpec.from_dict(json.loads(objects.read(f"{prepared}/specification/feature_spec.json")))
    file = objects.list(f"{prepared}/production")[0]
    day = next(iter(days_of(pd.read_parquet(io.BytesIO(objects.read(file))), spec)))
    path = folder / "payloads.jsonl"
    path.write_bytes(b"\n".join(day.bodies[:_ENOUGH_PAYLOADS]) + b"\n")
    return path


def _draw(folder: Path, steps: Sequence[Step], moments: Sequence[scaling.Moment], target_ms: float) -> None:
    (folder / "latency.svg").write_text(_standalone(latency_chart(steps, target_ms)))
    if moments:
        (folder / "scaling.svg").write_text(_standalone(scaling_chart(moments)))


def _standalone(chart: str) -> str:
    """Return a chart that carries its style: it stands in no page."""
    style = (Path(__file__).parents[1] / "report" / "templates" / "style.css").read_text()
    head, _, rest = str(chart).partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{style}</style>{rest}'
