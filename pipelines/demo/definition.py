"""Derive the demo's pipeline from the deployed training pipeline: the same jobs, several models, no search.

Each model of the demo is one Train → Evaluate → RegisterModel chain whose steps are those of the training pipeline,
with a data set, a specification and hyperparameters of its own. Pure functions over the definition's JSON.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.settings import STATIC_HYPERPARAMETERS

_CHANNELS = {"train", "validation", "specification"}


@dataclass(frozen=True)
class DemoModel:
    """One model to train and register.

    Attributes:
        name: Suffix of its steps, in CamelCase.
        hyperparameters: On top of the pipeline's static ones.
        outputs: In place of what the Prepare step wrote: output name → S3 URI.
    """

    name: str
    hyperparameters: Mapping[str, str]
    outputs: Mapping[str, str]


def demo_definition(text: str, outputs: Mapping[str, str], models: Sequence[DemoModel]) -> str:
    """Return a definition with one chain per model, registered in this order.

    Args:
        text: The training pipeline's definition.
        outputs: Where an execution's Prepare step wrote, by output name.
        models: What to train.
    """
    definition = json.loads(text)
    steps = {step["Name"]: step for step in definition["Steps"]}
    steps["RegisterModel"] = steps["QualityGate"]["Arguments"]["IfSteps"][0]
    chains = [_chain(steps, outputs, model) for model in models]
    for before, after in itertools.pairwise(chains):
        # Versions are counted in the order of registration.
        after[-1]["DependsOn"] = [before[-1]["Name"]]
    definition["Steps"] = [step for chain in chains for step in chain]
    return json.dumps(definition)


def _chain(steps: Mapping[str, Any], outputs: Mapping[str, str], model: DemoModel) -> list[dict[str, Any]]:
    own = {**outputs, **model.outputs}
    chain = [_resolved(steps[name], own, model.name) for name in ("Train", "Evaluate", "RegisterModel")]
    for step in chain:
        step["Name"] += model.name
        step.pop("CacheConfig", None)
    train, evaluate, _ = chain
    _fit_without_search(train["Arguments"], model)
    _compare_with_nothing(evaluate, model)
    return chain


def _resolved(value: Any, outputs: Mapping[str, str], suffix: str) -> Any:
    """Return a copy in which Prepare's outputs are URIs and other steps have the model's suffix."""
    if isinstance(value, list):
        return [_resolved(item, outputs, suffix) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("Get")
    if isinstance(reference, str) and reference.startswith("Steps.Prepare."):
        return outputs[reference.split("'")[1]]
    if isinstance(reference, str) and reference.startswith("Steps."):
        _, step, rest = reference.split(".", 2)
        return {"Get": f"Steps.{step}{suffix}.{rest}"}
    return {name: _resolved(item, outputs, suffix) for name, item in value.items()}


def _fit_without_search(arguments: dict[str, Any], model: DemoModel) -> None:
    kept = {name: text for name, text in arguments["HyperParameters"].items() if name.startswith("sagemaker_")}
    arguments["HyperParameters"] = {**STATIC_HYPERPARAMETERS, **kept, **model.hyperparameters}
    arguments["InputDataConfig"] = [
        channel for channel in arguments["InputDataConfig"] if channel["ChannelName"] in {*_CHANNELS, "code"}
    ]
    # A minute's training is not worth a checkpoint, and spot capacity without one is no bargain.
    del arguments["CheckpointConfig"], arguments["StoppingCondition"]["MaxWaitTimeInSeconds"]
    arguments["EnableManagedSpotTraining"] = False


def _compare_with_nothing(evaluate: dict[str, Any], model: DemoModel) -> None:
    """The model stands in for the tuned one it was not refitted from; each evaluation writes a folder of its own."""
    for given in evaluate["Arguments"]["ProcessingInputs"]:
        if given["InputName"] == "tuned":
            given["S3Input"]["S3Uri"] = {"Get": f"Steps.Train{model.name}.ModelArtifacts.S3ModelArtifacts"}
    for output in evaluate["Arguments"]["ProcessingOutputConfig"]["Outputs"]:
        output["S3Output"]["S3Uri"]["Std:Join"]["Values"].insert(-1, model.name.lower())
