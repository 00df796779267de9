"""Read what the container is started with: script mode's argument vector and SM_* variables."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import SettingsError

# Arguments that platforms add to a script's hyperparameters and that mean nothing to it.
_FOREIGN_PREFIXES = ("sagemaker_", "_tuning_objective")
_CHANNELS = ("train", "validation", "specification", "tuned")
DEFAULT_TRACKER_PORT = 9099


@dataclass(frozen=True)
class Settings:
    """Everything the job is told.

    Attributes:
        channels: Channel name → its folder; `tuned` is there only in refit mode.
        explicit: Hyperparameters as given, text by name; in refit mode they win over the tuned model's.
        model_dir: What SageMaker packs into model.tar.gz.
        failure_path: Where a failed job leaves its reason.
        checkpoint_dir: Folder that SageMaker synchronises with S3; None where the job has no checkpoints.
        hosts: All instances of the job, sorted; the first one saves the model.
        current_host: This instance.
        replicated: True when every instance holds all files, so that each takes its share of the rows.
        threads: CPUs this process may use.
        tracker_port: Port of XGBoost's tracker on the first host.
    """

    channels: Mapping[str, Path]
    explicit: Mapping[str, str]
    model_dir: Path
    failure_path: Path
    checkpoint_dir: Path | None
    hosts: tuple[str, ...] = ("algo-1",)
    current_host: str = "algo-1"
    replicated: bool = True
    threads: int = 1
    tracker_port: int = DEFAULT_TRACKER_PORT

    @property
    def is_refit(self) -> bool:
        """Whether the job fits train and validation together, as the tuned model's report prescribes."""
        return "tuned" in self.channels

    @classmethod
    def parse(cls, argv: Sequence[str], environ: Mapping[str, str]) -> "Settings":
        """Build the settings; hyperparameters come as `--name value` or `--name=value`."""
        hosts = tuple(sorted(_json(environ, "SM_HOSTS", ["algo-1"])))
        current = environ.get("SM_CURRENT_HOST", hosts[0])
        if current not in hosts:
            raise SettingsError(f"SM_CURRENT_HOST is {current!r}; allowed is one of SM_HOSTS, {list(hosts)}")
        return cls(
            channels=_channels(environ),
            explicit=_arguments(argv),
            model_dir=Path(environ.get("SM_MODEL_DIR", "/opt/ml/model")),
            failure_path=failure_path(environ),
            checkpoint_dir=_checkpoint_dir(environ),
            hosts=hosts,
            current_host=current,
            replicated=_is_replicated(environ),
            threads=_threads(environ),
            tracker_port=int(environ.get("XGBOOST_TRACKER_PORT", DEFAULT_TRACKER_PORT)),
        )


def failure_path(environ: Mapping[str, str]) -> Path:
    """The file whose text becomes the job's FailureReason."""
    return Path(environ.get("SM_OUTPUT_DIR", "/opt/ml/output")) / "failure"


def _arguments(argv: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    rest = list(argv)
    while rest:
        name, has_value, value = rest.pop(0).partition("=")
        if not name.startswith("--") or not (has_value or rest):
            raise SettingsError(f"argument {name!r} is not understood; expected pairs of --hyperparameter value")
        value = value if has_value else rest.pop(0)
        if not name[2:].startswith(_FOREIGN_PREFIXES):
            values[name[2:]] = value
    return values


def _channels(environ: Mapping[str, str]) -> dict[str, Path]:
    root = Path(environ.get("SM_INPUT_DIR", "/opt/ml/input")) / "data"
    folders = {name: Path(environ.get(f"SM_CHANNEL_{name.upper()}", root / name)) for name in _CHANNELS}
    return {
        name: folder
        for name, folder in folders.items()
        if f"SM_CHANNEL_{name.upper()}" in environ or folder.is_dir() or name != "tuned"
    }


def _checkpoint_dir(environ: Mapping[str, str]) -> Path | None:
    """SageMaker tells a script nothing about checkpoints: the folder is there or not."""
    folder = Path(environ.get("SM_CHECKPOINT_DIR", "/opt/ml/checkpoints"))
    return folder if folder.is_dir() or "SM_CHECKPOINT_DIR" in environ else None


def _is_replicated(environ: Mapping[str, str]) -> bool:
    config = _json(environ, "SM_INPUT_DATA_CONFIG", {})
    return config.get("train", {}).get("S3DistributionType", "FullyReplicated") == "FullyReplicated"


def _threads(environ: Mapping[str, str]) -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = environ.get("SM_NUM_CPUS", "")
    return max(1, min(available, int(told))) if told.isdigit() else available


def _json(environ: Mapping[str, str], name: str, default: Any) -> Any:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, type(default)) or not value:
        raise SettingsError(f"environment variable {name} is {text!r}; expected a JSON {type(default).__name__}")
    return value
