"""Refuse a tuning request that SageMaker would refuse, in its words where they are known."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from local_aws.errors import NotSimulatedError, ValidationError
from local_aws.tuning.definitions import Definition, read_definitions
from local_aws.tuning.first_party import TUNABLE, is_xgboost_image, objective_type
from local_aws.tuning.ranges import parse_space

MAX_HYPERPARAMETERS = 30
NUMERIC_KINDS = ("IntegerParameterRanges", "ContinuousParameterRanges")


def check_request(request: Mapping[str, Any], account_id: str) -> list[Definition]:
    """Check a CreateHyperParameterTuningJob request beyond its shape; return its definitions.

    Args:
        request: The request.
        account_id: Who asks: an image in one's own registry is one's own algorithm, whatever its name.

    Raises:
        ValidationError: A rule is broken; the message names the value and what is allowed.
        NotSimulatedError: The request needs Autotune.
    """
    if request.get("Autotune", {}).get("Mode") == "Enabled":
        raise NotSimulatedError(
            "CreateHyperParameterTuningJob: Autotune is not simulated. "
            "Specify ParameterRanges and ResourceLimits instead."
        )
    definitions = read_definitions(request)
    for definition in definitions:
        _check_ranges(definition)
        _check_objective(definition, is_own=definition.image.startswith(f"{account_id}."))
    types = {definition.objective["Type"] for definition in definitions}
    if len(types) > 1:
        raise ValidationError("The TuningObjective of all TrainingJobDefinitions must have the same Type.")
    _check_strategy(request["HyperParameterTuningJobConfig"], definitions)
    return definitions


def _check_ranges(definition: Definition) -> None:
    ranges = definition.ranges
    if ranges.get("AutoParameters"):
        raise NotSimulatedError("AutoParameters are not simulated. Specify the range of each hyperparameter instead.")
    names = [r["Name"] for kind in (*NUMERIC_KINDS, "CategoricalParameterRanges") for r in ranges.get(kind, [])]
    if len(names) > MAX_HYPERPARAMETERS:
        raise ValidationError(
            f"The number of hyperparameters to tune, [{len(names)}], exceeds the limit of {MAX_HYPERPARAMETERS}. "
            "Tune fewer hyperparameters."
        )
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ValidationError(f"Hyperparameter names must be unique. Duplicate names: [{', '.join(repeated)}].")
    if both := sorted(set(names) & set(definition.body.get("StaticHyperParameters", {}))):
        raise ValidationError(
            f"The hyperparameters [{', '.join(both)}] are both static and tunable. "
            "Remove them from StaticHyperParameters or from ParameterRanges."
        )
    for kind in NUMERIC_KINDS:
        for r in ranges.get(kind, []):
            _check_numeric(kind, r)
    for r in ranges.get("CategoricalParameterRanges", []):
        if len(set(r["Values"])) < len(r["Values"]):
            raise ValidationError(f"The values of the categorical hyperparameter [{r['Name']}] must be unique.")


def _check_numeric(kind: str, r: Mapping[str, Any]) -> None:
    name, scale = r["Name"], r.get("ScalingType", "Auto")
    is_integer = kind == "IntegerParameterRanges"
    low, high = (_number(r, end, is_integer=is_integer) for end in ("MinValue", "MaxValue"))
    if low >= high:
        raise ValidationError(
            f"MinValue [{r['MinValue']}] of the hyperparameter [{name}] must be less than its MaxValue "
            f"[{r['MaxValue']}]."
        )
    if scale == "Logarithmic" and low <= 0:
        raise ValidationError(
            f"Logarithmic scaling of the hyperparameter [{name}] works only for ranges that have only values greater "
            f"than 0. MinValue is [{r['MinValue']}]."
        )
    if scale == "ReverseLogarithmic" and (is_integer or low < 0 or high >= 1):
        raise ValidationError(
            f"ReverseLogarithmic scaling of the hyperparameter [{name}] works only for continuous ranges that are "
            f"entirely within the range 0<=x<1.0. The range is [{r['MinValue']}, {r['MaxValue']}]."
        )


def _number(r: Mapping[str, Any], end: str, *, is_integer: bool) -> float:
    kind, convert = ("an integer", int) if is_integer else ("a number", float)
    try:
        number = float(convert(r[end]))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValidationError(f"{end} [{r[end]}] of the hyperparameter [{r['Name']}] is not {kind}.")
    return number


def _check_objective(definition: Definition, *, is_own: bool) -> None:
    metric = definition.objective["MetricName"]
    defined = [m["Name"] for m in definition.body["AlgorithmSpecification"].get("MetricDefinitions", [])]
    if is_xgboost_image(definition.image) and not is_own:
        _check_xgboost(definition, metric, defined)
    elif metric not in defined:
        raise ValidationError(
            "A metric is required for this hyperparameter tuning job objective. "
            "Provide a metric in the metric definitions."
        )


def _check_xgboost(definition: Definition, metric: str, defined: list[str]) -> None:
    if defined:
        raise ValidationError(
            "You can't override the metric definitions for Amazon SageMaker algorithms. "
            "Please retry the request without specifying metric definitions."
        )
    wanted = objective_type(metric)
    if wanted is None:
        raise ValidationError(
            f"The objective metric for the hyperparameter tuning job, [{metric}], isn't valid for the "
            f"[{definition.image}] algorithm. Choose a valid objective metric, such as [validation:auc]."
        )
    if wanted != definition.objective["Type"]:
        raise ValidationError(
            f"The objective metric type, [{definition.objective['Type']}], that you specified for objective metric, "
            f"[{metric}], isn't valid for the [{definition.image}] algorithm. Choose a valid objective metric type."
        )
    names = [r.name for r in parse_space(definition.ranges).ranges]
    if untunable := [name for name in names if name not in TUNABLE]:
        raise ValidationError(
            "The hyperparameter tuning job you requested contains the following untunable hyperparameters: "
            f"[{', '.join(untunable)}]. For the algorithm, {definition.image}, you can tune only "
            f"[{', '.join(TUNABLE)}]. Delete untunable hyperparameters."
        )


def _check_strategy(config: Mapping[str, Any], definitions: list[Definition]) -> None:
    strategy, limits = config["Strategy"], config["ResourceLimits"]
    hyperband = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig")
    if hyperband is not None and strategy != "Hyperband":
        raise ValidationError(
            f"HyperbandStrategyConfig is only supported for the Hyperband strategy, not for [{strategy}]."
        )
    if strategy == "Hyperband":
        _check_hyperband(config, hyperband or {})
    if strategy == "Grid":
        _check_grid(limits, definitions)
    elif not limits.get("MaxNumberOfTrainingJobs") and not (
        limits.get("MaxRuntimeInSeconds") or config.get("TuningJobCompletionCriteria")
    ):
        raise ValidationError(
            "The hyperparameter tuning job has no end. Specify MaxNumberOfTrainingJobs, MaxRuntimeInSeconds or "
            "TuningJobCompletionCriteria."
        )
    maximum = limits.get("MaxNumberOfTrainingJobs")
    if maximum and limits["MaxParallelTrainingJobs"] > maximum:
        raise ValidationError(
            f"MaxParallelTrainingJobs [{limits['MaxParallelTrainingJobs']}] can't be greater than "
            f"MaxNumberOfTrainingJobs [{maximum}]."
        )


def _check_hyperband(config: Mapping[str, Any], hyperband: Mapping[str, Any]) -> None:
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        raise ValidationError("TrainingJobEarlyStoppingType must be Off to use the Hyperband strategy.")
    low, high = hyperband.get("MinResource", 1), hyperband.get("MaxResource")
    if high is not None and low >= high:
        raise ValidationError(f"MinResource [{low}] of HyperbandStrategyConfig must be less than MaxResource [{high}].")


def _check_grid(limits: Mapping[str, Any], definitions: list[Definition]) -> None:
    if len(definitions) > 1:
        raise ValidationError("The Grid strategy supports one training job definition. Use TrainingJobDefinition.")
    ranges = definitions[0].ranges
    if any(ranges.get(kind) for kind in NUMERIC_KINDS):
        raise ValidationError(
            "The Grid strategy only supports categorical hyperparameters. Use CategoricalParameterRanges."
        )
    size = parse_space(ranges).grid_size
    wanted = limits.get("MaxNumberOfTrainingJobs", size)
    if wanted != size:
        raise ValidationError(
            f"MaxNumberOfTrainingJobs [{wanted}] must equal the number of distinct categorical combinations [{size}] "
            "for the Grid strategy. Correct it or leave it out."
        )
