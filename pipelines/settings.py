"""Hold every number and switch of the training pipeline."""

from dataclasses import dataclass, field, replace
from typing import Literal

from pipelines.errors import UsageError

Scaling = Literal["Linear", "Logarithmic"]
InputMode = Literal["File", "FastFile"]


@dataclass(frozen=True)
class Range:
    """The search range of one hyperparameter; both ends are possible values."""

    low: float
    high: float
    scaling: Scaling = "Linear"
    integer: bool = False


# THE search space: documented XGBoost names only, because the managed image is a first-party algorithm and SageMaker
# refuses to tune anything else on it, script mode or not. Narrow column samples suit 49 correlated features.
SEARCH_SPACE: dict[str, Range] = {
    "eta": Range(0.1, 0.3, "Logarithmic"),
    "max_depth": Range(4, 8, integer=True),
    "min_child_weight": Range(1, 60, "Logarithmic"),
    "subsample": Range(0.6, 1.0),
    "colsample_bytree": Range(0.15, 0.5),
    "lambda": Range(0.5, 50, "Logarithmic"),
}

# For the full budget: smaller steps of deeper trees, twice as slow a trial and a little better.
PATIENT_SEARCH_SPACE = SEARCH_SPACE | {
    "eta": Range(0.06, 0.15, "Logarithmic"),
    "max_depth": Range(6, 9, integer=True),
}

# Hyperparameters that are the same in every trial.
STATIC_HYPERPARAMETERS: dict[str, str] = {
    "objective": "binary:logistic",
    "eval_metric": "logloss,auc",
    "tree_method": "hist",
    "max_bin": "64",
    "colsample_bynode": "0.6",
    "seed": "2013",
}

OBJECTIVE_METRIC = "validation:logloss"
OBJECTIVE_TYPE = "Minimize"


@dataclass(frozen=True)
class Budget:
    """How much searching an execution may do.

    Attributes:
        trials: Training jobs of the search.
        parallel_trials: How many of them at once.
        num_round: Upper bound of boosting rounds; early stopping usually ends before.
        early_stopping_rounds: Rounds without improvement on the validation set that end a training.
        search_space: Range per tuned hyperparameter.
        seeds: Fits that the refit averages into one model, each with its own seed: steadier than any one of them.
    """

    trials: int
    parallel_trials: int
    num_round: int
    early_stopping_rounds: int
    seeds: int
    search_space: dict[str, Range] = field(default_factory=lambda: dict(SEARCH_SPACE))


BUDGETS: dict[str, Budget] = {
    "default": Budget(12, parallel_trials=2, num_round=400, early_stopping_rounds=15, seeds=2),
    "full": Budget(
        30, parallel_trials=2, num_round=1000, early_stopping_rounds=25, seeds=4, search_space=PATIENT_SEARCH_SPACE
    ),
}


@dataclass(frozen=True)
class JobLimits:
    """Sizes and time limits of one kind of job."""

    instance_type: str
    instance_count: int
    volume_gb: int
    max_seconds: int


@dataclass(frozen=True)
class Settings:
    """Every number and switch that shapes the definition.

    Attributes:
        max_wait_seconds: Longest time a managed spot training may take in all, waiting for capacity included.
        min_auc: Default of the gate's floor for ROC AUC on the test months.
        max_log_loss: Default of the gate's ceiling for log loss on the test months.
        max_rejected_fraction: Default of the fraction of bad rows above which Prepare refuses a table.
        training_input_mode: How training reads S3: whole objects before the start, or as they are read.
        cache_expiry: Age (ISO 8601) up to which a step's result is reused.
    """

    budget: Budget = BUDGETS["default"]
    prepare: JobLimits = JobLimits("ml.m5.xlarge", 1, 30, 3600)
    train: JobLimits = JobLimits("ml.m5.xlarge", 1, 30, 3600)
    evaluate: JobLimits = JobLimits("ml.m5.xlarge", 1, 30, 3600)
    max_wait_seconds: int = 7200
    tuning_max_seconds: int = 6 * 3600
    min_auc: float = 0.70
    max_log_loss: float = 0.32
    max_rejected_fraction: float = 0.05
    training_input_mode: InputMode = "FastFile"
    cache_expiry: str = "P30D"

    @classmethod
    def of_budget(cls, name: str) -> "Settings":
        """Return the settings with the budget of that name.

        Raises:
            UsageError: There is no such budget.
        """
        if name not in BUDGETS:
            raise UsageError(f"budget {name!r} does not exist", hint=f"choose one of: {', '.join(BUDGETS)}")
        return replace(cls(), budget=BUDGETS[name])
