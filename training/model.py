"""Fit, cut and save the model: boosting round by round, in segments that make a resumed fit identical.

At the end of every segment of SEGMENT_ROUNDS rounds the Booster is written out and read back, whether or not the
job keeps checkpoints. A fit resumed from a checkpoint therefore computes exactly what the uninterrupted fit would
have: same margins, same random numbers (`seed_per_iteration`, and a fresh column sampler per segment).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost as xgb

from training.channels import Examples
from training.checkpoints import Checkpoint, CheckpointFolder
from training.distributed import Group
from training.hyperparameters import MAXIMISED, Hyperparameters

MODEL_NAME = "model.ubj"
SEGMENT_ROUNDS = 50
# Scoring the training rows costs a fifth of a round; every tenth round draws the learning curve as well.
TRAIN_SCORE_EVERY = 10

Scores = Mapping[str, float]


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes:
        booster: Cut after the best round.
        best_iteration: Index of the best round, from 0.
        history: The scores of every round that ran.
        seconds: Wall time of boosting in this process.
    """

    booster: xgb.Booster
    best_iteration: int
    history: tuple[Scores, ...]
    seconds: float

    @property
    def best_scores(self) -> Scores:
        """The scores of the best round."""
        return self.history[self.best_iteration]


@dataclass(frozen=True)
class Data:
    """What a fit reads; without validation rows nothing stops it early."""

    train: xgb.QuantileDMatrix
    validation: xgb.QuantileDMatrix | None

    @classmethod
    def build(cls, train: Examples, validation: Examples | None, *, max_bin: int, threads: int) -> "Data":
        """Bin the examples; the validation rows get the training rows' bins."""
        matrix = _matrix(train, max_bin=max_bin, threads=threads)
        if validation is None:
            return cls(matrix, None)
        return cls(matrix, _matrix(validation, max_bin=max_bin, threads=threads, ref=matrix))

    def sets_to_score(self, iteration: int) -> list[tuple[xgb.DMatrix, str]]:
        """The evaluation sets of a round, named as SageMaker's metric expressions expect."""
        sets = [(self.train, "train")] if iteration % TRAIN_SCORE_EVERY == 0 or self.validation is None else []
        return sets if self.validation is None else [*sets, (self.validation, "validation")]


def fit(
    data: Data,
    hyperparameters: Hyperparameters,
    checkpoints: CheckpointFolder,
    *,
    threads: int = 1,
    group: Group | None = None,
    log: Callable[[str], None] = print,
) -> Fit:
    """Boost until the last round or until early stopping; go on from the latest checkpoint."""
    group = group or Group()
    started = time.perf_counter()
    parameters = booster_parameters(hyperparameters, threads=threads)
    state = group.share(checkpoints.latest() if group.is_leader else None) or Checkpoint(0, b"", ())
    if state.rounds and group.is_leader:
        log(f"resumed from the checkpoint of round {state.rounds}")
    while state.rounds < hyperparameters.num_round and not is_over(state.history, hyperparameters):
        state = _fit_segment(state, data, hyperparameters, parameters, log if group.is_leader else _silent)
        if group.is_leader:
            checkpoints.save(state)
    best = best_iteration(state.history, hyperparameters)
    booster = xgb.Booster(parameters, model_file=bytearray(state.model))[: best + 1]
    return Fit(booster, best, state.history, time.perf_counter() - started)


def booster_parameters(hyperparameters: Hyperparameters, *, threads: int) -> dict[str, Any]:
    """What XGBoost receives."""
    return dict(hyperparameters.booster) | {
        "eval_metric": list(hyperparameters.eval_metrics),
        "seed": hyperparameters.seed,
        "seed_per_iteration": True,
        "nthread": threads,
    }


def best_iteration(history: tuple[Scores, ...], hyperparameters: Hyperparameters) -> int:
    """The round with the best stopping score; the last round where nothing was validated or stopping is off."""
    name = f"validation-{hyperparameters.stopping_metric}"
    if not hyperparameters.early_stopping_rounds or name not in history[-1]:
        return len(history) - 1
    sign = -1 if hyperparameters.stopping_metric in MAXIMISED else 1
    return min(range(len(history)), key=lambda index: sign * history[index][name])


def is_over(history: tuple[Scores, ...], hyperparameters: Hyperparameters) -> bool:
    """Whether early stopping ends the fit after these rounds."""
    if not history or not hyperparameters.early_stopping_rounds:
        return False
    waited = len(history) - 1 - best_iteration(history, hyperparameters)
    return waited >= hyperparameters.early_stopping_rounds


def score_line(label: str, scores: Scores) -> str:
    """One line of scores in XGBoost's own form, which SageMaker's metric expressions read."""
    return "\t".join([f"[{label}]", *(f"{name}:{value:.5f}" for name, value in scores.items())])


def save(booster: xgb.Booster, model_dir: Path) -> None:
    """Write the Booster in UBJSON, the format that stays readable across XGBoost versions."""
    model_dir.mkdir(parents=True, exist_ok=True)
    booster.save_model(model_dir / MODEL_NAME)


def load(model_dir: Path) -> xgb.Booster:
    """Read the Booster of a model folder."""
    booster = xgb.Booster()
    booster.load_model(model_dir / MODEL_NAME)
    return booster


def _fit_segment(
    state: Checkpoint, data: Data, hyperparameters: Hyperparameters, parameters: Mapping[str, Any], log: Callable[[str], None]
) -> Checkpoint:
    cache = [matrix for matrix in (data.train, data.validation) if matrix is not None]
    booster = xgb.Booster(parameters, cache=cache, model_file=bytearray(state.model) if state.model else None)
    history = list(state.history)
    end = min(state.rounds - state.rounds % SEGMENT_ROUNDS + SEGMENT_ROUNDS, hyperparameters.num_round)
    for iteration in range(state.rounds, end):
        booster.update(data.train, iteration)
        history.append(_parse_scores(booster.eval_set(data.sets_to_score(iteration), iteration)))
        log(score_line(str(iteration), history[-1]))
        if is_over(tuple(history), hyperparameters):
            break
    return Checkpoint(len(history), bytes(booster.save_raw("ubj")), tuple(history))


def _parse_scores(line: str) -> Scores:
    """XGBoost answers `[round]\\tset-metric:value…`."""
    pairs = (pair.rpartition(":") for pair in line.split("\t")[1:])
    return {name: float(value) for name, _, value in pairs}


def _matrix(
    examples: Examples, *, max_bin: int, threads: int, ref: xgb.QuantileDMatrix | None = None
) -> xgb.QuantileDMatrix:
    return xgb.QuantileDMatrix(
        examples.features,
        examples.labels,
        ref=ref,
        max_bin=max_bin,
        nthread=threads,
        enable_categorical=True,
    )


def _silent(_line: str) -> None:
    """Print nothing: not the leader."""
