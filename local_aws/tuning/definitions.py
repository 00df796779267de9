"""Read the training job definitions of a tuning request in one shape, whichever of the two API forms it uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.errors import ValidationError


@dataclass(frozen=True)
class Definition:
    """One algorithm to tune; `body` is the API's HyperParameterTrainingJobDefinition."""

    name: str | None
    body: Mapping[str, Any]
    ranges: Mapping[str, Any]
    objective: Mapping[str, Any]

    @property
    def image(self) -> str:
        """Training image, empty where the definition names an algorithm resource instead."""
        return str(self.body["AlgorithmSpecification"].get("TrainingImage", ""))


def read_definitions(request: Mapping[str, Any]) -> list[Definition]:
    """Return the request's definitions.

    Raises:
        ValidationError: Both forms or none are present, or one lacks its ranges or its objective.
    """
    config = request["HyperParameterTuningJobConfig"]
    single, several = request.get("TrainingJobDefinition"), request.get("TrainingJobDefinitions")
    if bool(single) == bool(several):
        raise ValidationError(
            "A hyperparameter tuning job needs either TrainingJobDefinition or TrainingJobDefinitions. "
            "Provide exactly one of them."
        )
    ranges, objective = config.get("ParameterRanges"), config.get("HyperParameterTuningJobObjective")
    if several and (ranges or objective):
        raise ValidationError(
            "ParameterRanges and HyperParameterTuningJobObjective of HyperParameterTuningJobConfig can't be used with "
            "TrainingJobDefinitions. Specify HyperParameterRanges and TuningObjective in each training job definition."
        )
    bodies = several or [single]
    names = [body.get("DefinitionName") for body in bodies]
    if several and (None in names or len(set(names)) < len(names)):
        raise ValidationError("Each of TrainingJobDefinitions must have a unique DefinitionName.")
    return [_definition(body, ranges, objective) for body in bodies]


def _definition(body: Mapping[str, Any], ranges: Any, objective: Any) -> Definition:
    ranges = ranges or body.get("HyperParameterRanges")
    objective = objective or body.get("TuningObjective")
    if not objective:
        raise ValidationError(
            "HyperParameterTuningJobObjective is missing. Specify the metric to optimize and its type."
        )
    if not ranges or not any(ranges.values()):
        raise ValidationError("ParameterRanges is empty. Specify at least one hyperparameter to tune.")
    return Definition(body.get("DefinitionName"), body, ranges, objective)
