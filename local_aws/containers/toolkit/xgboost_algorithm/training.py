"""Train XGBoost from hyperparameters and channels alone, with the contract of the image's algorithm mode."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost

from local_aws.containers.toolkit.errors import AlgorithmError, ClientError, without_stack
from local_aws.containers.toolkit.training_environment import TrainingEnvironment
from local_aws.containers.toolkit.xgboost_algorithm import checkpoints, collective, data, hyperparameters, metrics

MODEL_NAME = "xgboost-model"


@dataclass(frozen=True)
class _Plan:
    """What one host trains."""

    parameters: hyperparameters.Hyperparameters
    tables: dict[str, data.Table]
    columns: int
    objective_metric: str | None

    def stopping_metric(self) -> str | None:
        if self.objective_metric:
            return self.objective_metric.partition(":")[2]
        return self.parameters.eval_metric[-1] if self.parameters.eval_metric else None


def train(environment: TrainingEnvironment) -> None:
    """Train and save the file `xgboost-model`.

    Raises:
        ClientError: A hyperparameter or a channel is not as documented.
        AlgorithmError: XGBoost refused the combination.
    """
    _say("local AWS: this is a simulation of the XGBoost image's algorithm mode, on XGBoost " + xgboost.__version__)
    wanted = hyperparameters.parse(environment.hyperparameters, environment.objective_metric)
    _check_channels(environment, wanted)
    tables = _read_channels(environment, wanted)
    columns = max((table.features.shape[1] for table in tables.values()), default=0)
    is_whole = set(tables) == _channels(environment)
    with _place(environment, is_whole=is_whole, columns=columns) as place:
        if place is None:
            _say(f"WARNING: host {environment.current_host} has no data in some channel and takes no part")
            return
        plan = _Plan(wanted, tables, place.columns, environment.objective_metric)
        _train_here(environment, plan, is_first=place.is_first)


def _channels(environment: TrainingEnvironment) -> set[str]:
    return {"train", "validation"} & set(environment.channels)


def _check_channels(environment: TrainingEnvironment, wanted: hyperparameters.Hyperparameters) -> None:
    if "train" not in environment.channels:
        raise ClientError(f"ClientError: the channel train is required; this job has {sorted(environment.channels)}")
    needs_validation = (environment.objective_metric or "").startswith("validation:") or wanted.early_stopping_rounds
    if needs_validation and "validation" not in environment.channels:
        raise ClientError("ClientError: a validation objective or early_stopping_rounds needs the channel validation")


def _read_channels(environment: TrainingEnvironment, wanted: hyperparameters.Hyperparameters) -> dict[str, data.Table]:
    tables = {}
    for channel in sorted(_channels(environment)):
        content_type = environment.channels[channel].get("ContentType")
        folder = environment.channel_folder(channel)
        table = data.read(folder, content_type, csv_weights=wanted.csv_weights)
        if table is not None:
            tables[channel] = table
        elif len(environment.hosts) == 1:
            raise ClientError(f"ClientError: No data in channel {channel} ({folder})")
    return tables


@contextlib.contextmanager
def _place(environment: TrainingEnvironment, *, is_whole: bool, columns: int) -> Iterator[collective.Place | None]:
    if len(environment.hosts) == 1:
        yield collective.Place(is_first=True, columns=columns)
        return
    with collective.train_together(environment, has_data=is_whole, columns=columns) as place:
        yield place


def _train_here(environment: TrainingEnvironment, plan: _Plan, *, is_first: bool) -> None:
    matrices = {name: table.matrix(plan.columns) for name, table in plan.tables.items()}
    model_path = environment.base / "model" / MODEL_NAME
    checkpoint, done = checkpoints.latest(_checkpoint_folder(environment))
    if checkpoint is not None:
        _say(f"Checkpoint loaded from {checkpoint}\nResuming from iteration {done}")
    try:
        booster = xgboost.train(
            {**plan.parameters.parameters, **_native_metrics(plan)},
            matrices["train"],
            num_boost_round=max(plan.parameters.num_round - done, 0),
            evals=[(matrix, name) for name, matrix in matrices.items()],
            custom_metric=metrics.added(plan.parameters.eval_metric),
            xgb_model=checkpoints.load_model(checkpoint) if checkpoint else None,
            callbacks=_callbacks(environment, plan, done, is_first=is_first),
        )
    except (ValueError, xgboost.core.XGBoostError) as error:
        raise AlgorithmError(f"XGB train call failed with exception:\n{without_stack(error)}") from error
    if is_first:
        checkpoints.save_model(booster, model_path)


def _native_metrics(plan: _Plan) -> dict[str, Any]:
    native = metrics.native(plan.parameters.eval_metric)
    if native:
        return {"eval_metric": native}
    return {"disable_default_eval_metric": True} if plan.parameters.eval_metric else {}


def _callbacks(environment: TrainingEnvironment, plan: _Plan, done: int, *, is_first: bool) -> list[Any]:
    found: list[Any] = []
    folder = _checkpoint_folder(environment)
    if is_first and folder.is_dir():
        found.append(checkpoints.SaveCheckpoint(folder, done))
    if is_first and plan.parameters.save_model_on_termination:
        found.append(checkpoints.SaveModel(environment.base / "model" / MODEL_NAME))
    if plan.parameters.early_stopping_rounds:
        metric = plan.stopping_metric()
        found.append(
            xgboost.callback.EarlyStopping(
                rounds=plan.parameters.early_stopping_rounds,
                data_name="validation",
                metric_name=metric,
                maximize=metrics.is_maximised(metric) if metric else None,
                save_best=plan.parameters.parameters.get("booster") != "gblinear",
            )
        )
    return found


def _checkpoint_folder(environment: TrainingEnvironment) -> Path:
    config = environment.base / "input" / "config" / "checkpointconfig.json"
    if config.exists():
        return Path(json.loads(config.read_text(encoding="utf-8"))["LocalPath"])
    return environment.base / "checkpoints"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the container's log
