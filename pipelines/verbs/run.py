"""Do everything: target, data, code, pipeline, execution, summary, report. This is `make run`."""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipelines.bundle import ROOT
from pipelines.deploy import Deployed, start, upsert
from pipelines.errors import PipelineError
from pipelines.following import follow, refuse_failure
from pipelines.names import command_line
from pipelines.permissions_used import forget_usage, write_usage
from pipelines.platform.deployment import deploy
from pipelines.raw_zone import ensure_champion_marker, upload_raw_data
from pipelines.report import write_report
from pipelines.run_folder import new_run_folder, write_failed_run, write_run
from pipelines.settings import Settings
from pipelines.targets import Target
from pipelines.verbs.options import add_budget, add_parameters, add_target, chosen_platform, chosen_target
from pipelines.verbs.upload_data import default_raw_uri

SUMMARY = "do everything: data, code, pipeline, execution, summary, report"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target(parser)
    add_budget(parser)
    add_parameters(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the pipeline once and leave its traces in .local/runs/<time>/."""
    settings = Settings.of_budget(arguments.budget)
    clock = _Clock()
    folder = new_run_folder(datetime.now(UTC))
    arn = None
    try:
        target = chosen_target(arguments)
        forget_usage(target)
        clock.say(f"target {target.name} is ready{_at(target)}")
        _deploy(target, arguments, settings, clock)
        arn = start(target, settings, arguments.parameters)
        clock.say(f"started {arn}")
        state = follow(target, arn)
        usage = write_usage(target, folder)
        summary = write_run(target, state, folder, budget=arguments.budget, seconds_total=clock.seconds, more=usage)
    except (PipelineError, BotoCoreError, ClientError) as error:
        write_failed_run(folder, target=arguments.target, arn=arn, reason=str(error), seconds_total=clock.seconds)
        write_report(folder)
        raise
    _say_summary(summary, folder, write_report(folder))
    refuse_failure(state)
    return 0


class _Clock:
    """Say what was done and how long after the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        sys.stdout.write(f"[{self.seconds:6.1f} s] {text}\n")
        sys.stdout.flush()


def _deploy(target: Target, arguments: argparse.Namespace, settings: Settings, clock: _Clock) -> None:
    """Bring platform, data and pipeline to the target; with the platform, CloudFormation makes the pipeline."""
    if chosen_platform(arguments) == "cdk" and not arguments.resources:
        deployment = deploy(target, arguments.stage, arguments.budget)
        verdict = "deployed" if deployment.changed else "unchanged"
        clock.say(f"platform {verdict}: {len(deployment.stacks)} stacks, the pipeline among them")
        ensure_champion_marker(target.client("s3"), target.resources.buckets.artifacts)
        _land_data(target, arguments.parameters, clock)
    else:
        _land_data(target, arguments.parameters, clock)
        _say_deployed(upsert(target, settings), clock)


def _at(target: Target) -> str:
    return f" at {target.endpoint_url}" if target.endpoint_url else ""


def _land_data(target: Target, assignments: list[str], clock: _Clock) -> None:
    """Upload the use case's own data, unless the caller brings data of his own."""
    if any(text.startswith("RawDataUri=") for text in assignments):
        return
    upload = upload_raw_data(target.client("s3"), default_raw_uri(target.resources))
    clock.say(f"raw zone: {upload.files} files, {upload.uploaded} of them new")


def _say_deployed(deployed: Deployed, clock: _Clock) -> None:
    verdict = "new or changed" if deployed.changed else "unchanged"
    clock.say(f"pipeline {verdict}, definition checked; {deployed.bundles_uploaded} code bundles uploaded")


def _say_summary(summary: dict[str, Any], folder: Path, report: Path) -> None:
    lines = ["", f"{summary['status']} in {summary['seconds_total']:.1f} s"]
    if summary["all_cacheable_steps_cached"] and summary["status"] == "Succeeded":
        lines.append("nothing had changed: every step that can be cached came from the cache")
    for split, values in summary["metrics"].items():
        measured = ", ".join(
            f"{name} {value:.4f}" for name, value in values.items() if name != "rows" and value is not None
        )
        lines += [f"{split:<11} {measured}"] if measured else []
    if summary["model_package_arn"]:
        lines.append(f"registered  {summary['model_package_arn']}")
    lines += [f"run folder  {_short(folder)}", f"report      {_short(report)}"]
    lines += ["", "next", *(f"  {command:<40} {purpose}" for command, purpose in _next_commands(summary))]
    sys.stdout.write("\n".join(lines) + "\n")


def _next_commands(summary: dict[str, Any]) -> list[tuple[str, str]]:
    steps = (command_line("steps"), "what each step did")
    if summary["model_package_arn"]:
        return [(command_line("approve"), "approve the model for release"), steps]
    return [steps, (command_line("logs"), "what the last job wrote")]


def _short(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
