"""Save and find checkpoints, so that a job on spot capacity goes on where it was interrupted.

A checkpoint is two files in the folder that SageMaker synchronises with S3:

    checkpoint-<fingerprint>-<rounds>.ubj     the model
    checkpoint-<fingerprint>-<rounds>.json    the evaluation history, and the model file's hash

The fingerprint is a hash of hyperparameters, data and mode: jobs that share an S3 prefix never resume from one
another. The JSON file is written last; a model file without it, or with another hash, was cut off and is ignored.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Checkpoint:
    """The state of a fit after a number of rounds.

    Attributes:
        rounds: Rounds the model has.
        model: The Booster in UBJSON.
        history: One entry a round: metric name → value.
    """

    rounds: int
    model: bytes
    history: tuple[Mapping[str, float], ...]


class CheckpointFolder:
    """The checkpoints of one fit in a folder; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, fingerprint: str) -> None:
        self._folder = folder
        self._prefix = f"checkpoint-{fingerprint}-"

    @property
    def is_kept(self) -> bool:
        """Whether anything is written at all."""
        return self._folder is not None

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint and remove this fit's older ones."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = self._folder / f"{self._prefix}{checkpoint.rounds:06d}"
        state = {"sha256": _sha256(checkpoint.model), "history": [dict(entry) for entry in checkpoint.history]}
        _write_atomically(stem.with_suffix(".ubj"), checkpoint.model)
        _write_atomically(stem.with_suffix(".json"), json.dumps(state).encode())
        for path in self._folder.glob(f"{self._prefix}*"):
            if path.stem != stem.name:
                path.unlink(missing_ok=True)

    def latest(self) -> Checkpoint | None:
        """The newest complete checkpoint of this fit."""
        if self._folder is None or not self._folder.is_dir():
            return None
        states = sorted(self._folder.glob(f"{self._prefix}*.json"), reverse=True)
        return next((found for found in map(_read, states) if found), None)


def fingerprint(parts: Iterable[Any]) -> str:
    """A short hash over JSON values that identify a fit."""
    return hashlib.sha256(json.dumps(list(parts), sort_keys=True).encode()).hexdigest()[:12]


def _read(path: Path) -> Checkpoint | None:
    try:
        state = json.loads(path.read_bytes())
        model = path.with_suffix(".ubj").read_bytes()
        if state["sha256"] != _sha256(model):
            return None
        return Checkpoint(int(path.stem.rpartition("-")[2]), model, tuple(state["history"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_atomically(path: Path, content: bytes) -> None:
    """Write beside and rename: a reader (SageMaker's upload, a resumed job) sees the whole file or none."""
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
