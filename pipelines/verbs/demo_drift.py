"""Replay December against the endpoint on the local AWS, with planted faults: monitors, alarms, a retraining."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.bundle import ROOT
from pipelines.demo.clock import LocalClock
from pipelines.demo_drift.breakage import Breakage, CaptureStopped, StateOverwritten
from pipelines.demo_drift.champion import Champion, december, release, search_less, train
from pipelines.demo_drift.page import write_page
from pipelines.demo_drift.plain import scenario_lines, timeline_text
from pipelines.demo_drift.replay import Replay
from pipelines.demo_drift.scenarios import CAPTURE_STOPPED, DAYS, JOB_BROKEN, SCENARIOS
from pipelines.demo_drift.story import Story
from pipelines.demo_drift.summary import summarise
from pipelines.demo_drift.watch import Watch
from pipelines.deploy import complete_parameters
from pipelines.errors import ExecutionFailedError
from pipelines.permissions_used import forget_usage, write_usage
from pipelines.platform.deployment import deploy
from pipelines.platform.outputs import stack_name, stack_outputs
from pipelines.raw_zone import ensure_champion_marker, upload_raw_data
from pipelines.run_folder import new_run_folder, write_json
from pipelines.settings import Settings
from pipelines.targets import Target, connect
from pipelines.verbs.upload_data import default_raw_uri

SUMMARY = "replay December with planted faults on the local AWS: which monitor fires when, and the retraining"
_SPEED = 60.0
_STAGE = "sandbox"
_FLIGHTS = 300

Say = Callable[[str], None]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--flights-per-day",
        type=int,
        default=_FLIGHTS,
        help="how many of a day's flights are sent (default: %(default)s); the thresholds are for such days",
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay, and fail where a fault was not noticed by its gate within a day, or the loop did not close."""
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - started:6.1f} s] {text}\n")
        sys.stdout.flush()

    target = connect("local", platform="drift")
    say("local AWS of its own, empty")
    champion = _champion(target, say)
    clock = LocalClock(str(target.endpoint_url))
    clock.set_speed(_SPEED)
    try:
        story = _replay(target, clock, champion, arguments.flights_per_day, say)
    finally:
        clock.set_speed(1.0)
    folder = new_run_folder(datetime.now(UTC), ROOT / ".local" / "demos")
    summary = summarise(story, seconds=time.monotonic() - started, usage=write_usage(target, folder))
    _tell(folder, summary, story, say)
    if not summary["as_expected"]:
        raise ExecutionFailedError(
            f"not everything went as it must: {_what_is_wrong(summary)}",
            hint=f"see {folder.relative_to(ROOT)}/summary.json and report.html",
        )
    return 0


def _champion(target: Target, say: Say) -> Champion:
    deployment = deploy(target, _STAGE, "default")
    say(f"platform deployed by the cdk CLI: {len(deployment.stacks)} stacks")
    forget_usage(target)
    s3, resources = target.client("s3"), target.resources
    ensure_champion_marker(s3, resources.buckets.artifacts)
    upload_raw_data(s3, default_raw_uri(resources))
    search_less(target)
    champion = train(target, complete_parameters(target, Settings(), []))
    say("champion trained, evaluated and registered by the pipeline")
    return champion


def _replay(target: Target, clock: LocalClock, champion: Champion, flights: int, say: Say) -> Story:
    released = _facts(target, "Release")
    release(target, released, clock, champion.package)
    say("approved, released: the endpoint serves it")
    watch = Watch(target, _facts(target, "Monitoring"))
    breakages: dict[str, Breakage] = {
        CAPTURE_STOPPED: CaptureStopped(target, released["endpoint"]),
        JOB_BROKEN: StateOverwritten(target, watch.reports),
    }
    days = december(target, champion, flights, DAYS)
    story = Replay(target, released, clock, watch, breakages=breakages, say=say).run(days)
    say(f"{story.days} days replayed: {story.requests} requests, {story.labels} labels")
    watch.complete(story)
    return story


def _facts(target: Target, stack: str) -> dict[str, Any]:
    return dict(json.loads(stack_outputs(target.client("cloudformation"), stack_name(_STAGE, stack))[stack]))


def _tell(folder: Path, summary: dict[str, Any], story: Story, say: Say) -> None:
    write_json(folder / "summary.json", summary)
    text = "\n".join([timeline_text(story), "", *scenario_lines(summary)])
    (folder / "timeline.txt").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"\n{text}\n\n")
    say(f"report: {write_page(folder, summary, story).relative_to(ROOT)}")


def _what_is_wrong(summary: dict[str, Any]) -> str:
    missed = [record["name"] for record in summary["scenarios"] if not record["as_expected"]]
    wrong = [f"{len(missed)} of {len(SCENARIOS)} faults not noticed in time ({', '.join(missed)})"] if missed else []
    if not summary["retraining"]["as_expected"]:
        wrong.append("the retraining did not end with one registered challenger that tells its reason")
    wrong += summary["problems"]
    if summary["errors"]:
        wrong.append(f"{summary['errors']} requests failed")
    if summary["used_but_not_granted"]:
        wrong.append(f"a role lacked rights: {', '.join(map(str, summary['used_but_not_granted']))}")
    return "; ".join(wrong)
