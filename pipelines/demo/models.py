"""Train and register the demo's models: a first champion, a better challenger, and one with a broken feature."""

import io
import json
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from pipelines.demo.definition import DemoModel, demo_definition
from pipelines.demo.objects import Objects
from pipelines.executions import Executions
from pipelines.following import refuse_failure
from pipelines.names import PIPELINE_NAME
from pipelines.targets import Target
from usecase.feature_spec import FeatureSpec
from usecase.variants import FIRST_MONTHS, basic_specification, shifted_columns

DEMO_PIPELINE = f"{PIPELINE_NAME}-demo"
_SPECIFICATION = "feature_spec.json"
_FEW_ROUNDS = {"num_round": "150", "early_stopping_rounds": "10", "eta": "0.15", "max_depth": "6"}
_SPARSE = {"colsample_bytree": "0.4", "min_child_weight": "8", "subsample": "0.8"}


@dataclass(frozen=True)
class Prepared:
    """What one execution of the Prepare step left.

    Attributes:
        outputs: Output name → S3 URI.
    """

    outputs: dict[str, str]

    @property
    def demo_uri(self) -> str:
        """Where the demo puts data of its own: beside the prepared data, where training may read."""
        return f"{self.outputs['train'].rpartition('/')[0]}/demo"


def prepare(target: Target, parameters: dict[str, str]) -> Prepared:
    """Run the training pipeline's Prepare step alone, and return where its outputs are."""
    sagemaker = target.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(
        PipelineName=PIPELINE_NAME,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
        SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Prepare"}]},
    )["PipelineExecutionArn"]
    job = _wait(target, arn).step("Prepare")
    assert job is not None, "the step was selected"
    outputs = sagemaker.describe_processing_job(ProcessingJobName=job.job_name)["ProcessingOutputConfig"]["Outputs"]
    return Prepared({output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs})


def register_models(target: Target, prepared: Prepared, parameters: dict[str, str]) -> list[str]:
    """Train, evaluate and register champion, challenger and the broken one; return their ARNs in that order."""
    models = _models(Objects(target.client("s3")), prepared)
    sagemaker, resources = target.client("sagemaker"), target.resources
    text = sagemaker.describe_pipeline(PipelineName=PIPELINE_NAME)["PipelineDefinition"]
    sagemaker.create_pipeline(
        PipelineName=DEMO_PIPELINE,
        PipelineDefinition=demo_definition(text, prepared.outputs, models),
        RoleArn=resources.roles.pipeline,
    )
    arn = sagemaker.start_pipeline_execution(
        PipelineName=DEMO_PIPELINE,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    state = _wait(target, arn)
    packages = [state.step(f"RegisterModel{model.name}") for model in models]
    return [step.arn for step in packages if step is not None]


def _wait(target: Target, arn: str) -> Any:
    executions = Executions(target.client("sagemaker"))
    while not (state := executions.state(arn)).is_over:
        time.sleep(target.poll_seconds / 4)
    refuse_failure(state)
    return state


def _models(objects: Objects, prepared: Prepared) -> list[DemoModel]:
    plan = {**_FEW_ROUNDS, **_SPARSE}
    spec = FeatureSpec.from_dict(json.loads(objects.read(f"{prepared.outputs['specification']}/{_SPECIFICATION}")))
    return [
        DemoModel("Champion", plan, _first_data(objects, prepared, spec)),
        DemoModel("Challenger", plan, {}),
        DemoModel("Broken", plan, _broken_data(objects, prepared, spec)),
    ]


def _first_data(objects: Objects, prepared: Prepared, spec: FeatureSpec) -> dict[str, str]:
    """Half a year, and features that need no live data."""
    months, basic = f"{prepared.demo_uri}/first-months", f"{prepared.demo_uri}/basic-specification"
    for file in objects.list(prepared.outputs["train"]):
        if month_of(file) in FIRST_MONTHS:
            objects.copy(file, f"{months}/{PurePosixPath(file).name}")
    objects.write(f"{basic}/{_SPECIFICATION}", json.dumps(basic_specification(spec).to_dict()).encode())
    return {"train": months, "specification": basic}


def _broken_data(objects: Objects, prepared: Prepared, spec: FeatureSpec) -> dict[str, str]:
    """The whole data with shifted columns: consistent in itself, so that no offline evaluation notices."""
    broken = {split: f"{prepared.demo_uri}/shifted/{split}" for split in ("train", "validation", "test")}
    for split, uri in broken.items():
        for file in objects.list(prepared.outputs[split]):
            frame = pd.read_parquet(io.BytesIO(objects.read(file)))
            objects.write(f"{uri}/{PurePosixPath(file).name}", shifted_columns(frame, spec).to_parquet(index=False))
    return broken


def month_of(uri: str) -> int:
    """Return the month of a monthly file of prepared data."""
    return int(PurePosixPath(uri).stem[-2:])
