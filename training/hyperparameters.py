"""Read the job's hyperparameters: names and ranges as XGBoost documents them, defaults that were measured.

Only documented XGBoost names may be tuned on a managed image (SageMaker checks tuning ranges against the built-in
algorithm, script mode or not); the few others here are static values of a job.
"""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from training.errors import HyperparameterError

Value = float | int | str

MAXIMISED = frozenset({"auc", "aucpr"})
METRICS = ("logloss", "auc", "aucpr", "error")


@dataclass(frozen=True)
class Parameter:
    """What one hyperparameter may be: its type, its closed range or its choices."""

    kind: Literal["float", "integer", "choice"]
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind == "choice":
            return " or ".join(self.choices)
        noun = "a whole number" if self.kind == "integer" else "a number"
        return f"{noun} from {self.low:g} to {self.high:g}"

    def parse(self, text: str) -> Value | None:
        """The value that the text stands for; None when it is not allowed."""
        if self.kind == "choice":
            return text if text in self.choices else None
        try:
            number = float(text)
        except ValueError:
            return None
        if not self.low <= number <= self.high or (self.kind == "integer" and number != int(number)):
            return None
        return int(number) if self.kind == "integer" else number


_MANY = 1_000_000_000

BOOSTER_PARAMETERS: Mapping[str, Parameter] = {
    "eta": Parameter("float", 0, 1),
    "gamma": Parameter("float", 0, _MANY),
    "max_depth": Parameter("integer", 0, 64),
    "max_leaves": Parameter("integer", 0, _MANY),
    "grow_policy": Parameter("choice", choices=("depthwise", "lossguide")),
    "min_child_weight": Parameter("float", 0, _MANY),
    "max_delta_step": Parameter("float", 0, _MANY),
    "subsample": Parameter("float", 1e-6, 1),
    "colsample_bytree": Parameter("float", 1e-6, 1),
    "colsample_bylevel": Parameter("float", 1e-6, 1),
    "colsample_bynode": Parameter("float", 1e-6, 1),
    "lambda": Parameter("float", 0, _MANY),
    "alpha": Parameter("float", 0, _MANY),
    "max_bin": Parameter("integer", 2, 65_536),
    "max_cat_to_onehot": Parameter("integer", 1, _MANY),
    "max_cat_threshold": Parameter("integer", 1, _MANY),
    "num_parallel_tree": Parameter("integer", 1, 1000),
    "scale_pos_weight": Parameter("float", 1e-6, _MANY),
    "tree_method": Parameter("choice", choices=("hist",)),
    "objective": Parameter("choice", choices=("binary:logistic",)),
}
JOB_PARAMETERS: Mapping[str, Parameter] = {
    "num_round": Parameter("integer", 1, 100_000),
    "early_stopping_rounds": Parameter("integer", 0, 100_000),
    "seed": Parameter("integer", 0, 2**31 - 1),
    "num_seeds": Parameter("integer", 1, 100),
}
EVAL_METRIC = "eval_metric"
NAMES = (*BOOSTER_PARAMETERS, *JOB_PARAMETERS, EVAL_METRIC)

DEFAULTS: Mapping[str, Value] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "eta": 0.1,
    "max_depth": 7,
    "min_child_weight": 8.0,
    "subsample": 0.9,
    "colsample_bytree": 0.3,
    "colsample_bynode": 0.6,
    "max_bin": 64,
}


@dataclass(frozen=True)
class Hyperparameters:
    """All hyperparameters of one fit.

    Attributes:
        booster: What XGBoost itself receives, without seed and metrics.
        num_round: Boosting rounds at the most.
        early_stopping_rounds: Rounds without a better score after which training ends; 0 is never.
        eval_metrics: In the order of the log.
        seed: Seed of every random choice.
        num_seeds: In a refit, how many fits with seeds of their own are averaged into one model.
    """

    booster: Mapping[str, Value]
    num_round: int = 1000
    early_stopping_rounds: int = 30
    eval_metrics: tuple[str, ...] = ("auc", "logloss")
    seed: int = 0
    num_seeds: int = 1

    @property
    def stopping_metric(self) -> str:
        """The metric that decides early stopping and the best round: log loss, or the last one where it is not asked.

        A probability is what this model is for, so ranking alone never decides how long it learns.
        """
        return "logloss" if "logloss" in self.eval_metrics else self.eval_metrics[-1]

    def to_dict(self) -> dict[str, Any]:
        """The flat document of all values, which `parse` reads back."""
        return dict(self.booster) | {
            "num_round": self.num_round,
            "early_stopping_rounds": self.early_stopping_rounds,
            "eval_metric": ",".join(self.eval_metrics),
            "seed": self.seed,
            "num_seeds": self.num_seeds,
        }

    def members(self) -> "list[Hyperparameters]":
        """The fits that are averaged: the same but for their seeds."""
        return [replace(self, seed=self.seed + index, num_seeds=1) for index in range(self.num_seeds)]

    def for_rounds(self, num_round: int) -> "Hyperparameters":
        """The same for a fit of exactly so many rounds."""
        return replace(self, num_round=num_round, early_stopping_rounds=0)


def parse(values: Mapping[str, Any], *, base: Mapping[str, Value] = DEFAULTS) -> Hyperparameters:
    """Check hyperparameters given as text (or as JSON values) and complete them with the defaults."""
    known = {name: _parse_one(name, str(value)) for name, value in values.items()}
    metrics = known.pop(EVAL_METRIC, None)
    job = {name: int(known.pop(name)) for name in JOB_PARAMETERS if name in known}
    extra = {} if metrics is None else {"eval_metrics": tuple(str(metrics).split(","))}
    return Hyperparameters(booster=dict(base) | known, **job, **extra)  # type: ignore[arg-type]


def _parse_one(name: str, text: str) -> Value:
    if name == EVAL_METRIC:
        return _parse_metrics(text)
    parameter = BOOSTER_PARAMETERS.get(name) or JOB_PARAMETERS.get(name)
    if parameter is None:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"allowed are {', '.join(sorted(NAMES))}"
        raise HyperparameterError(f"hyperparameter {name!r} is unknown; {hint}")
    value = parameter.parse(text)
    if value is None:
        raise HyperparameterError(f"hyperparameter {name!r} is {text!r}; allowed is {parameter.allowed}")
    return value


def _parse_metrics(text: str) -> str:
    names = [name.strip() for name in text.strip("[] ").replace('"', "").replace("'", "").split(",")]
    unknown = [name for name in names if name not in METRICS]
    if unknown or len(set(names)) != len(names):
        raise HyperparameterError(
            f"hyperparameter 'eval_metric' is {text!r}; allowed are different names of {', '.join(METRICS)}, by commas"
        )
    return ",".join(names)
