"""Show releases on the local AWS: a first model, a better challenger, a broken one, on December's flights."""

import argparse
import io
import itertools
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from pipelines.bundle import ROOT
from pipelines.demo.clock import LocalClock
from pipelines.demo.models import Prepared, prepare, register_models
from pipelines.demo.objects import Objects
from pipelines.demo.page import write_page
from pipelines.demo.release import Releases, Story
from pipelines.demo.summary import SCENARIOS, Scenario, outcome_of, scenario_record, summarise
from pipelines.demo.traffic import Day, days_of
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
from usecase.feature_spec import FeatureSpec

SUMMARY = "release a first model, a better and a broken challenger on the local AWS, with real traffic"
_SPEED = 60.0
_STAGE = "sandbox"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--flights-per-day", type=int, default=300, help="how many of a day's flights are sent (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the scenarios one after the other; fail where one does not end as it must."""
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - started:6.1f} s] {text}\n")
        sys.stdout.flush()

    target = connect("local", platform="demo")
    say("local AWS of its own, empty")
    forget_usage(target)
    prepared, packages = _models(target, say)
    clock = LocalClock(str(target.endpoint_url))
    clock.set_speed(_SPEED)
    facts = json.loads(stack_outputs(target.client("cloudformation"), stack_name(_STAGE, "Release"))["Release"])
    releases, days = Releases(target, facts, clock), _december(target, prepared, arguments.flights_per_day)
    records, stories = [], []
    for scenario, package in zip(SCENARIOS, packages, strict=True):
        _sleep_until_midnight(clock)
        story = releases.run(scenario.name, package, days)
        record = _record(target, facts, scenario, story, package)
        say(f"{scenario.title}: {record['outcome']} after {len(story.days)} days. {record['reason']}")
        stories.append(story)
        records.append(record)
    folder = new_run_folder(datetime.now(UTC), ROOT / ".local" / "demos")
    summary = summarise(records, seconds=time.monotonic() - started, usage=write_usage(target, folder))
    write_json(folder / "summary.json", summary)
    say(f"report: {write_page(folder, summary, stories).relative_to(ROOT)}")
    if not summary["as_expected"]:
        raise ExecutionFailedError("a scenario did not end as it must", hint=f"see {folder.name}/summary.json")
    return 0


def _models(target: Target, say: Any) -> tuple[Prepared, list[str]]:
    deployment = deploy(target, _STAGE, "default")
    say(f"platform deployed by the cdk CLI: {len(deployment.stacks)} stacks")
    s3, resources = target.client("s3"), target.resources
    ensure_champion_marker(s3, resources.buckets.artifacts)
    upload_raw_data(s3, default_raw_uri(resources))
    parameters = complete_parameters(target, Settings(), [])
    prepared = prepare(target, parameters)
    say("data prepared by the pipeline's own step")
    packages = register_models(target, prepared, parameters)
    say(f"{len(packages)} models trained, evaluated and registered")
    return prepared, packages


def _december(target: Target, prepared: Prepared, flights: int) -> Any:
    """Yield the days of production traffic; the last ones are followed by the first again."""
    objects = Objects(target.client("s3"))
    spec = FeatureSpec.from_dict(json.loads(objects.read(f"{prepared.outputs['specification']}/feature_spec.json")))
    files = objects.list(prepared.outputs["production"])
    frame = pd.concat([pd.read_parquet(io.BytesIO(objects.read(file))) for file in files])
    return (_thinned(day, flights) for day in itertools.chain(days_of(frame, spec)))


def _thinned(day: Day, flights: int) -> Day:
    """Return a day with every n-th of its flights."""
    step = max(1, len(day.flights) // flights)
    return Day(day.date, day.flights[::step], day.bodies[::step], day.labels[::step])


def _sleep_until_midnight(clock: LocalClock) -> None:
    """Begin each release just after midnight, so that a day of flights is a day of the clock."""
    tomorrow = (clock.now() + timedelta(days=1)).replace(hour=0, minute=5, second=0, microsecond=0)
    clock.advance_to(tomorrow)


def _record(target: Target, facts: dict[str, str], scenario: Scenario, story: Story, arn: str) -> dict[str, Any]:
    sagemaker = target.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    config = sagemaker.describe_endpoint(EndpointName=facts["endpoint"])["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variants[0]["ModelName"])
    container = (model.get("Containers") or [model["PrimaryContainer"]])[0]
    outcome = outcome_of(story, package, container.get("Environment", {}).get("MODEL_VERSION", "unknown"))
    reason = story.verdicts[-1].get("reason", "") if story.verdicts else package.get("ApprovalDescription", "")
    return scenario_record(scenario, story, outcome, str(story.failure or reason or ""))
