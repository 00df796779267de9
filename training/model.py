"""Fit, cut and save the model: boosting round by round, in segments that make a resumed fit identical.

A fit resumed from a checkpoint must compute exactly what the uninterrupted fit would have. XGBoost seeds its random
numbers anew every round (`seed_per_iteration`), but the column sampler lives as long as the tree updater. So every fit,
with checkpoints or not, renews the updater after each segment of SEGMENT_ROUNDS rounds, as a resumed process does.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost as xgb

from training.channels import Examples
from training.checkpoints import Checkpoint, CheckpointFolder
from training.distributed import Group
from training.hyperparameters import MAXIMISED, Hyperparameters

MODEL_NAME = "model.ubj"
SEGMENT_ROUNDS = 25
# Scoring the training rows costs half as much as a round; every tenth round draws the learning curve as well.
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
    """What a fit reads; without validation rows nothing stops it early.

    Validation rows stay unbinned: XGBoost scores a plain matrix four times as fast as a binned one, and scoring them
    is what a round spends most of its time on after building the tree.
    """

    train: xgb.QuantileDMatrix
    validation: xgb.DMatrix | None

    @classmethod
    def build(cls, train: Examples, validation: Examples | None, *, max_bin: int, threads: int) -> "Data":
        """Bin the training examples and wrap the validation examples."""
        options = {"nthread": threads, "enable_categorical": True}
        binned = xgb.QuantileDMatrix(train.features, train.labels, max_bin=max_bin, **options)
        if validation is None:
            return cls(binned, None)
        return cls(binned, xgb.DMatrix(validation.features, validation.labels, **options))

    @property
    def matrices(self) -> list[xgb.DMatrix]:
        """All matrices, for XGBoost's prediction cache."""
        return [matrix for matrix in (self.train, self.validation) if matrix is not None]

    def sets_to_score(self, *, with_train: bool) -> list[tuple[xgb.DMatrix, str]]:
        """The evaluation sets of a round, named as SageMaker's metric expressions expect."""
        sets = [(self.train, "train")] if with_train else []
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
    state = group.share(checkpoints.latest() if group.is_leader else None) or Checkpoint(0, b"", ())
    say = log if group.is_leader else _silent
    if state.rounds:
        say(f"resumed from the checkpoint of round {state.rounds}")
    parameters = booster_parameters(hyperparameters, threads=threads)
    booster = xgb.Booster(parameters, cache=data.matrices, model_file=bytearray(state.model) or None)
    history = list(state.history)
    for iteration in range(state.rounds, hyperparameters.num_round):
        if is_over(history, hyperparameters):
            break
        if iteration % SEGMENT_ROUNDS == 0 and iteration > state.rounds:
            _keep(checkpoints, booster, history, group)
            _renew_updater(booster)
        history.append(_boost(booster, data, iteration, is_last=iteration + 1 == hyperparameters.num_round))
        if history[-1]:
            say(score_line(str(iteration), history[-1]))
    _keep(checkpoints, booster, history, group)
    best = best_iteration(history, hyperparameters)
    return Fit(booster[: best + 1], best, tuple(history), time.perf_counter() - started)


def booster_parameters(hyperparameters: Hyperparameters, *, threads: int) -> dict[str, Any]:
    """What XGBoost receives."""
    return dict(hyperparameters.booster) | {
        "eval_metric": list(hyperparameters.eval_metrics),
        "seed": hyperparameters.seed,
        "seed_per_iteration": True,
        "nthread": threads,
    }


def best_iteration(history: Sequence[Scores], hyperparameters: Hyperparameters) -> int:
    """The round with the best stopping score; the last round where nothing was validated or stopping is off."""
    name = f"validation-{hyperparameters.stopping_metric}"
    if not hyperparameters.early_stopping_rounds or name not in history[-1]:
        return len(history) - 1
    sign = -1 if hyperparameters.stopping_metric in MAXIMISED else 1
    return min(range(len(history)), key=lambda index: sign * history[index][name])


def is_over(history: Sequence[Scores], hyperparameters: Hyperparameters) -> bool:
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


def _boost(booster: xgb.Booster, data: Data, iteration: int, *, is_last: bool) -> Scores:
    """One round and its scores; none where neither set is due."""
    booster.update(data.train, iteration)
    sets = data.sets_to_score(with_train=is_last or iteration % TRAIN_SCORE_EVERY == 0)
    return _parse_scores(booster.eval_set(sets, iteration)) if sets else {}


def _keep(checkpoints: CheckpointFolder, booster: xgb.Booster, history: Sequence[Scores], group: Group) -> None:
    if checkpoints.is_kept and group.is_leader:
        checkpoints.save(Checkpoint(len(history), bytes(booster.save_raw("ubj")), tuple(history)))


def _renew_updater(booster: xgb.Booster) -> None:
    """Make XGBoost build its tree updater, and with it the column sampler, anew.

    A change of the tree method does that at the next configuration, which `save_config` forces. Unlike reading the
    model back it keeps the cached margins of the training rows, whose recomputation takes as long as the fit.
    """
    for method in ("approx", "hist"):
        booster.set_param({"tree_method": method})
        booster.save_config()


def _parse_scores(line: str) -> Scores:
    """XGBoost answers `[round]<TAB>set-metric:value…`."""
    pairs = (pair.rpartition(":") for pair in line.split("\t")[1:])
    return {name: float(value) for name, _, value in pairs}


def _silent(_line: str) -> None:
    """Print nothing: not the leader."""
