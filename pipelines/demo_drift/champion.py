"""Bring a first model to the endpoint, by the deployed pipeline and the deployed release workflow."""

import io
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipelines.demo.clock import LocalClock
from pipelines.demo.objects import Objects
from pipelines.demo.release import Releases
from pipelines.demo.traffic import Day, days_of
from pipelines.errors import ExecutionFailedError
from pipelines.executions import Executions
from pipelines.following import refuse_failure
from pipelines.names import PIPELINE_NAME
from pipelines.run_folder import model_package_arn
from pipelines.targets import Target
from usecase.feature_spec import FeatureSpec

_TRIALS, _ROUNDS, _PATIENCE = 2, "60", "5"


@dataclass(frozen=True)
class Champion:
    """The model that is served.

    Attributes:
        package: ARN of its model package.
        outputs: What the execution's Prepare step wrote: output name → S3 URI.
    """

    package: str
    outputs: dict[str, str]


def search_less(target: Target) -> None:
    """Let the deployed pipeline search less: the demonstration trains twice, and shows no tuning."""
    sagemaker = target.client("sagemaker")
    pipeline = sagemaker.describe_pipeline(PipelineName=PIPELINE_NAME)
    sagemaker.update_pipeline(
        PipelineName=PIPELINE_NAME,
        PipelineDefinition=smaller_search(pipeline["PipelineDefinition"]),
        RoleArn=pipeline["RoleArn"],
    )


def smaller_search(text: str) -> str:
    """Return a definition with the same steps, but two short trials and one seed."""
    definition = json.loads(text)
    steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    steps["Tune"]["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = _TRIALS
    steps["Tune"]["TrainingJobDefinition"]["StaticHyperParameters"] |= {
        "num_round": _ROUNDS,
        "early_stopping_rounds": _PATIENCE,
    }
    steps["Train"]["HyperParameters"]["num_seeds"] = "1"
    return json.dumps(definition)


def train(target: Target, parameters: dict[str, str]) -> Champion:
    """Run the whole pipeline once, and return what it registered."""
    sagemaker = target.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(
        PipelineName=PIPELINE_NAME,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    executions = Executions(sagemaker)
    while not (state := executions.state(arn)).is_over:
        time.sleep(target.poll_seconds / 4)
    refuse_failure(state)
    package, prepare = model_package_arn(state), state.step("Prepare")
    if package is None or prepare is None:
        raise ExecutionFailedError("the first training registered no model", hint="see its steps in the local AWS")
    job = sagemaker.describe_processing_job(ProcessingJobName=prepare.job_name)
    outputs = job["ProcessingOutputConfig"]["Outputs"]
    return Champion(package, {output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs})


def release(target: Target, facts: dict[str, str], clock: LocalClock, package: str) -> None:
    """Approve the package and wait until the release workflow has made the endpoint.

    Raises:
        ExecutionFailedError: The release failed.
    """
    story = Releases(target, facts, clock).run("first-release", package, iter(()))
    if story.status != "SUCCEEDED":
        raise ExecutionFailedError(f"the release of the first model ended as {story.status}: {story.failure}")


def december(target: Target, champion: Champion, flights: int, days: int) -> list[Day]:
    """Return the first days of production traffic, each with as many flights, spread over the day."""
    objects = Objects(target.client("s3"))
    spec = FeatureSpec.from_dict(_json(objects, f"{champion.outputs['specification']}/feature_spec.json"))
    files = objects.list(champion.outputs["production"])
    frame = pd.concat([pd.read_parquet(io.BytesIO(objects.read(file))) for file in files])
    return [thinned(day, flights) for day in _first(days_of(frame, spec), days)]


def thinned(day: Day, flights: int) -> Day:
    """Return a day with so many of its flights, evenly spread."""
    wanted = min(flights, len(day.flights))
    kept = [place * len(day.flights) // wanted for place in range(wanted)]
    return Day(
        day.date,
        [day.flights[place] for place in kept],
        [day.bodies[place] for place in kept],
        [day.labels[place] for place in kept],
    )


def _first(days: Iterator[Day], number: int) -> Iterator[Day]:
    return itertools.islice(days, number)


def _json(objects: Objects, uri: str) -> Any:
    return json.loads(objects.read(uri))
