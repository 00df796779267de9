"""Save the model after each round, and resume from the last save."""

import re
from pathlib import Path
from typing import Any

import xgboost

_NAME = "xgboost-checkpoint"
_KEPT = 5


def latest(folder: Path) -> tuple[Path | None, int]:
    """Return the newest checkpoint and how many rounds it has behind it."""
    found = {
        int(match.group(1)): path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := re.fullmatch(rf"{_NAME}\.(\d+)", path.name))
    }
    return (found[max(found)], max(found) + 1) if found else (None, 0)


class SaveCheckpoint(xgboost.callback.TrainingCallback):
    """Write `xgboost-checkpoint.<round>` after each round; keep the newest five."""

    def __init__(self, folder: Path, first_round: int) -> None:
        super().__init__()
        self._folder = folder
        self._first_round = first_round

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - XGBoost's signature
        """Save one round's model: first aside, so that an interruption leaves no half file."""
        number = self._first_round + epoch
        save_model(model, self._folder / f"{_NAME}.{number}")
        (self._folder / f"{_NAME}.{number - _KEPT}").unlink(missing_ok=True)
        return False


class SaveModel(xgboost.callback.TrainingCallback):
    """Keep the model file current, for a training that is ended from outside (`save_model_on_termination`)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - XGBoost's signature
        """Save this round's model."""
        save_model(model, self._path)
        return False


def save_model(model: Any, path: Path) -> None:
    """Write a Booster as XGBoost's own UBJSON, whatever the file's name, all or nothing."""
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_bytes(model.save_raw("ubj"))
    fresh.replace(path)


def load_model(path: Path) -> Any:
    """Read what `save_model` wrote."""
    return xgboost.Booster(model_file=bytearray(path.read_bytes()))
