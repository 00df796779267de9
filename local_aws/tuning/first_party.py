"""Know SageMaker's own XGBoost image: what it measures and what may be tuned.

SageMaker checks a tuning job on this image against the built-in algorithm, even in script mode. The names come from
the image's published source, `aws/sagemaker-xgboost-container`: algorithm_mode/{metrics,hyperparameter_validation}.py.
"""

import re

MAXIMIZE = frozenset(
    [
        "accuracy",
        "auc",
        "aucpr",
        "balanced_accuracy",
        "f1",
        "f1_binary",
        "f1_macro",
        "map",
        "ndcg",
        "precision",
        "precision_macro",
        "precision_micro",
        "recall",
        "recall_macro",
        "recall_micro",
        "r2",
    ]
)
MINIMIZE = frozenset(
    [
        "aft-nloglik",
        "cox-nloglik",
        "error",
        "gamma-deviance",
        "gamma-nloglik",
        "interval-regression-accuracy",
        "logloss",
        "mae",
        "mape",
        "merror",
        "mlogloss",
        "mphe",
        "mse",
        "poisson-nloglik",
        "rmse",
        "rmsle",
        "tweedie-nloglik",
    ]
)
TUNABLE = (
    "alpha",
    "colsample_bylevel",
    "colsample_bynode",
    "colsample_bytree",
    "eta",
    "gamma",
    "lambda",
    "max_delta_step",
    "max_depth",
    "min_child_weight",
    "num_round",
    "subsample",
)
_XGBOOST_IMAGE = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/(sagemaker-)?xgboost[:@]")


def is_xgboost_image(image: str) -> bool:
    """Return whether an image URI names SageMaker's own XGBoost algorithm."""
    return _XGBOOST_IMAGE.match(image) is not None


def objective_type(metric: str) -> str | None:
    """Return the only valid objective type of a metric of the image, None where it has no such metric.

    >>> objective_type("validation:auc")
    'Maximize'
    """
    channel, _, name = metric.partition(":")
    if channel != "validation":
        return None
    if name in MAXIMIZE:
        return "Maximize"
    return "Minimize" if name in MINIMIZE else None
