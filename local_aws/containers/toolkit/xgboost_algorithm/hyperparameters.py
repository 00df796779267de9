"""Check the hyperparameters of XGBoost's algorithm mode, which all arrive as strings."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.containers.toolkit.errors import ClientError
from local_aws.containers.toolkit.xgboost_algorithm import metrics

Parser = Callable[[str], Any]
"""Return a value parsed from a string, or raise ValueError saying what is allowed."""


def _number(kind: type[int] | type[float], low: float | None = None, high: float | None = None) -> Parser:
    noun = "an integer" if kind is int else "a number"

    def parse(text: str) -> int | float:
        allowed = noun + (f" from {low:g}" if low is not None else "") + (f" to {high:g}" if high is not None else "")
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(allowed) from None
        if (low is not None and value < low) or (high is not None and value > high) or value != value:  # noqa: PLR0124
            raise ValueError(allowed)
        return value

    return parse


def _integer(low: int | None = None, high: int | None = None) -> Parser:
    return _number(int, low, high)


def _real(low: float | None = None, high: float | None = None) -> Parser:
    return _number(float, low, high)


def _choice(*values: str) -> Parser:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return text

    return parse


def _list_of(*values: str) -> Parser:
    def parse(text: str) -> str:
        if not text or any(item.strip() not in values for item in text.split(",")):
            raise ValueError(f"a comma-separated list of {', '.join(values)}")
        return text

    return parse


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0"}:
        raise ValueError("true or false")
    return text.lower() in {"true", "1"}


def _metric_list(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.strip("[]").replace('"', "").replace("'", "").split(","))
    for name in names:
        if not metrics.is_known(name):
            raise ValueError(f"a comma-separated list of {', '.join(metrics.names())}")
    return names


_OBJECTIVES = (
    *("binary:hinge", "binary:logistic", "binary:logitraw", "count:poisson", "multi:softmax"),
    *("multi:softprob", "rank:map", "rank:ndcg", "rank:pairwise", "reg:absoluteerror", "reg:gamma", "reg:linear"),
    *("reg:logistic", "reg:pseudohubererror", "reg:quantileerror", "reg:squarederror", "reg:squaredlogerror"),
    *("reg:tweedie", "survival:aft", "survival:cox"),
)

PARSERS: dict[str, Parser] = {
    "aft_loss_distribution": _choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _real(0),
    "alpha": _real(0),
    "base_score": _real(),
    "booster": _choice("gbtree", "gblinear", "dart"),
    "colsample_bylevel": _real(0, 1),
    "colsample_bynode": _real(0, 1),
    "colsample_bytree": _real(0, 1),
    "csv_weights": _integer(0, 1),
    "deterministic_histogram": _flag,
    "early_stopping_rounds": _integer(1),
    "eta": _real(0, 1),
    "eval_metric": _metric_list,
    "gamma": _real(0),
    "grow_policy": _choice("depthwise", "lossguide"),
    "huber_slope": _real(0),
    "interaction_constraints": str,
    "lambda": _real(0),
    "lambda_bias": _real(0, 1),
    "max_bin": _integer(2),
    "max_cat_to_onehot": _integer(1),
    "max_delta_step": _real(0),
    "max_depth": _integer(0),
    "max_leaves": _integer(0),
    "min_child_weight": _real(0),
    "monotone_constraints": str,
    "normalize_type": _choice("tree", "forest"),
    "nthread": _integer(1),
    "num_class": _integer(2),
    "num_round": _integer(1),
    "objective": _choice(*_OBJECTIVES),
    "one_drop": _integer(0, 1),
    "process_type": _choice("default", "update"),
    "rate_drop": _real(0, 1),
    "refresh_leaf": _integer(0, 1),
    "sample_type": _choice("uniform", "weighted"),
    "sampling_method": _choice("uniform", "gradient_based"),
    "save_model_on_termination": _flag,
    "scale_pos_weight": _real(),
    "seed": _integer(-(2**31), 2**31 - 1),
    "single_precision_histogram": _flag,
    "sketch_eps": _real(0, 1),
    "skip_drop": _real(0, 1),
    "subsample": _real(0, 1),
    "tree_method": _choice("auto", "exact", "approx", "hist"),
    "tweedie_variance_power": _real(1, 2),
    "updater": _list_of("grow_colmaker", "distcol", "grow_quantile_histmaker", "grow_histmaker", "sync", "prune"),
    "verbosity": _integer(0, 3),
}
_RETIRED = {"deterministic_histogram", "single_precision_histogram", "sketch_eps"}
_NOT_SIMULATED = {"_kfold", "_num_cv_round", "use_dask_gpu_training", "gpu_id", "predictor", "dsplit"}
_OURS = {"num_round", "early_stopping_rounds", "csv_weights", "eval_metric", "save_model_on_termination"}


@dataclass(frozen=True)
class Hyperparameters:
    """The checked hyperparameters.

    Attributes:
        parameters: Those XGBoost itself takes.
        eval_metric: Metric names in the order asked for, the tuning objective's among them.
    """

    parameters: Mapping[str, Any]
    num_round: int
    eval_metric: tuple[str, ...]
    early_stopping_rounds: int | None
    csv_weights: bool
    save_model_on_termination: bool


def parse(values: Mapping[str, Any], tuning_objective: str | None = None) -> Hyperparameters:
    """Check hyperparameters and give them their types.

    Raises:
        ClientError: Names the first hyperparameter that is unknown, missing or out of range.
    """
    parsed = {name: _parse_one(name, str(value)) for name, value in values.items()}
    if "num_round" not in parsed:
        raise ClientError("ClientError: Missing required hyperparameter: num_round")
    if str(parsed.get("objective", "")).startswith("multi:") and "num_class" not in parsed:
        raise ClientError(f"ClientError: Hyperparameter num_class is required for objective {parsed['objective']}")
    wanted = parsed.get("eval_metric", ())
    if tuning_objective and (metric := tuning_objective.partition(":")[2]) not in wanted:
        wanted = (*wanted, metric)
    return Hyperparameters(
        parameters={name: value for name, value in parsed.items() if name not in _OURS | _RETIRED},
        num_round=parsed["num_round"],
        eval_metric=tuple(wanted),
        early_stopping_rounds=parsed.get("early_stopping_rounds"),
        csv_weights=bool(parsed.get("csv_weights", 0)),
        save_model_on_termination=parsed.get("save_model_on_termination", False),
    )


def _parse_one(name: str, text: str) -> Any:
    if name in _NOT_SIMULATED:
        raise ClientError(f"ClientError: Hyperparameter {name} is not simulated by the local AWS; leave it out")
    if name not in PARSERS:
        close = difflib.get_close_matches(name, PARSERS, 1)
        suggestion = f"; did you mean {close[0]}?" if close else ""
        raise ClientError(f"ClientError: Extraneous hyperparameter found: {name}{suggestion}")
    try:
        return PARSERS[name](text)
    except ValueError as error:
        raise ClientError(f"ClientError: Hyperparameter {name}: value {text!r} is not allowed; use {error}") from error
