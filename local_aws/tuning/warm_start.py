"""Start a search from what parent tuning jobs have found (WarmStartConfig)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from local_aws.errors import ValidationError
from local_aws.store import Record
from local_aws.tuning.definitions import Definition, read_definitions
from local_aws.tuning.ranges import SearchSpace
from local_aws.tuning.strategies import Observation

OVER = frozenset({"Completed", "Failed", "Stopped"})


def find_parents(request: Mapping[str, Any], find: Callable[[str], Record | None]) -> list[Record]:
    """Return the records of the parent tuning jobs that a request names.

    Raises:
        ValidationError: A parent does not exist, still runs, optimises another metric, or, where the request claims
            identical data and algorithm, differs in them.
    """
    config = request.get("WarmStartConfig")
    if not config:
        return []
    definitions = read_definitions(request)
    parents = []
    for named in config["ParentHyperParameterTuningJobs"]:
        name = named.get("HyperParameterTuningJobName", "")
        parent = find(name)
        if parent is None:
            raise ValidationError(f"The parent hyperparameter tuning job [{name}] of WarmStartConfig was not found.")
        _check_parent(parent, definitions, is_identical=config["WarmStartType"] == "IdenticalDataAndAlgorithm")
        parents.append(parent)
    return parents


def prior_observations(
    parents: Sequence[Record], definition: Definition, space: SearchSpace
) -> tuple[Observation, ...]:
    """Return the parents' trials which lie in the space; a hyperparameter that was static there keeps that value."""
    return tuple(
        Observation(coordinates, value)
        for values, value in _parent_trials(parents, definition)
        if (coordinates := space.locate(values)) is not None
    )


def _parent_trials(parents: Sequence[Record], definition: Definition) -> Iterator[tuple[dict[str, str], float]]:
    for parent in parents:
        static = _matching(parent, definition).body.get("StaticHyperParameters", {})
        for summary in parent.get("TrainingJobSummaries", []):
            metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
            if metric and summary.get("TrainingJobDefinitionName") == definition.name:
                yield {**static, **summary["TunedHyperParameters"]}, metric["Value"]


def _check_parent(parent: Record, definitions: Sequence[Definition], *, is_identical: bool) -> None:
    name, status = parent["HyperParameterTuningJobName"], parent["HyperParameterTuningJobStatus"]
    if status not in OVER:
        raise ValidationError(
            f"The parent hyperparameter tuning job [{name}] is [{status}]. "
            "Parent tuning jobs must be Completed, Stopped or Failed."
        )
    for definition in definitions:
        old = _matching(parent, definition)
        if dict(old.objective) != dict(definition.objective):
            raise ValidationError(
                f"The objective metric [{definition.objective['MetricName']}] and its type must be the same as those "
                f"of the parent hyperparameter tuning job [{name}], [{old.objective['MetricName']}]."
            )
        if is_identical and _identity(old) != _identity(definition):
            raise ValidationError(
                "The training image and the input data must be the same as those of the parent hyperparameter tuning "
                f"job [{name}] for the warm start type [IdenticalDataAndAlgorithm]. Use [TransferLearning] instead."
            )


def _matching(parent: Record, definition: Definition) -> Definition:
    olds = read_definitions(parent)
    return next((old for old in olds if old.name == definition.name), olds[0])


def _identity(definition: Definition) -> tuple[Any, ...]:
    sources = {c["ChannelName"]: c["DataSource"] for c in definition.body.get("InputDataConfig", [])}
    algorithm = definition.body["AlgorithmSpecification"]
    return algorithm.get("TrainingImage"), algorithm.get("AlgorithmName"), sources
