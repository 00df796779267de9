"""Turn an accepted request into the plan that the tuner follows."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.errors import ValidationError
from local_aws.store import Record
from local_aws.tuning.bayesian import BayesianSearch
from local_aws.tuning.completion import parse_criteria
from local_aws.tuning.definitions import Definition
from local_aws.tuning.early_stopping import Hyperband, MedianRule, NeverStop, StoppingRule
from local_aws.tuning.ranges import SearchSpace, parse_space
from local_aws.tuning.strategies import GridSearch, RandomSearch, Search
from local_aws.tuning.trials import Objective
from local_aws.tuning.tuner import Algorithm, TuningPlan
from local_aws.tuning.warm_start import prior_observations

MAX_TRIALS = 750
"""SageMaker's quota of training jobs for a tuning job that names no number itself."""
MAX_STARTUP = 10
EPOCH_HYPERPARAMETERS = ("epochs", "n_estimators", "iters", "numEpochs", "training_steps", "train_steps", "num_round")
"""Static hyperparameters from which Hyperband's MaxResource is taken when the request has none."""


def build_plan(request: Mapping[str, Any], definitions: Sequence[Definition], parents: Sequence[Record]) -> TuningPlan:
    """Return the plan of a tuning job.

    Raises:
        ValidationError: Hyperband's MaxResource is neither given nor known from a static hyperparameter.
    """
    config = request["HyperParameterTuningJobConfig"]
    limits, seed = config["ResourceLimits"], config.get("RandomSeed")
    objective = read_objective(definitions)
    spaces = [parse_space(definition.ranges) for definition in definitions]
    max_trials = limits.get("MaxNumberOfTrainingJobs") or MAX_TRIALS
    if config["Strategy"] == "Grid":
        max_trials = spaces[0].grid_size
    searches = [_search(config["Strategy"], space, seed, objective, max_trials) for space in spaces]
    return TuningPlan(
        objective,
        tuple(
            Algorithm(space, search, prior_observations(parents, definition, space))
            for definition, space, search in zip(definitions, spaces, searches, strict=True)
        ),
        _stopping_rule(config, objective, definitions[0]),
        parse_criteria(config.get("TuningJobCompletionCriteria", {}), objective),
        max_trials,
        limits["MaxParallelTrainingJobs"],
        limits.get("MaxRuntimeInSeconds"),
        is_reproducible=seed is not None and config["Strategy"] == "Bayesian",
    )


def read_objective(definitions: Sequence[Definition]) -> Objective:
    """Return what the search optimises; several definitions share the type, each has its own metric."""
    request = definitions[0].objective
    return Objective(request["MetricName"], request["Type"] == "Maximize")


def _search(strategy: str, space: SearchSpace, seed: int | None, objective: Objective, max_trials: int) -> Search:
    seed = secrets.randbits(31) if seed is None else seed
    if strategy == "Grid":
        return GridSearch(space)
    if strategy == "Bayesian":
        startup = min(max(max_trials // 3, 1), MAX_STARTUP)
        return BayesianSearch(space, seed, objective.maximize, startup)
    return RandomSearch(space, seed)


def _stopping_rule(config: Mapping[str, Any], objective: Objective, definition: Definition) -> StoppingRule:
    if config["Strategy"] == "Hyperband":
        limits = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
        most = limits.get("MaxResource") or _epochs(definition)
        return Hyperband(objective, limits.get("MinResource") or 1, most)
    if config.get("TrainingJobEarlyStoppingType") == "Auto":
        return MedianRule(objective)
    return NeverStop()


def _epochs(definition: Definition) -> int:
    static = definition.body.get("StaticHyperParameters", {})
    for name in EPOCH_HYPERPARAMETERS:
        if static.get(name, "").isdigit():
            return int(static[name])
    raise ValidationError(
        "MaxResource of HyperbandStrategyConfig is missing and can't be estimated. Specify it, or one of the static "
        f"hyperparameters [{', '.join(EPOCH_HYPERPARAMETERS)}] as an integer."
    )
