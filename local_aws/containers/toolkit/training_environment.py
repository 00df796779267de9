"""Read what SageMaker tells a training container, and say it as SM_* variables and arguments."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local_aws.containers.program_names import BASE_VARIABLE

_LOG_LEVEL = 20
_CONTAINER_PACKAGES = {"xgboost": "sagemaker_xgboost_container", "scikit-learn": "sagemaker_sklearn_container"}


@dataclass(frozen=True)
class TrainingEnvironment:
    """Everything under /opt/ml/input/config, decoded.

    Attributes:
        base: The container's /opt/ml.
        hyperparameters: Those for the script, JSON-decoded where they are JSON.
        toolkit: Those for the toolkit: `sagemaker_*` and `_tuning_objective_metric`.
        channels: Channel name → its configuration.
        resources: resourceconfig.json.
        framework: `xgboost` or `scikit-learn`.
        cpus: How many CPUs this container may use.
    """

    base: Path
    hyperparameters: Mapping[str, Any]
    toolkit: Mapping[str, Any]
    channels: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Any]
    framework: str
    cpus: int

    @classmethod
    def read(cls, framework: str, environ: Mapping[str, str] | None = None) -> Self:
        """Read the container's configuration files; those that are absent count as empty."""
        base = Path((os.environ if environ is None else environ).get(BASE_VARIABLE, "/opt/ml"))
        values = {name: _lenient(value) for name, value in _load(base, "hyperparameters").items()}
        return cls(
            base=base,
            hyperparameters={name: value for name, value in values.items() if not _is_for_toolkit(name)},
            toolkit={name: value for name, value in values.items() if _is_for_toolkit(name)},
            channels=_load(base, "inputdataconfig"),
            resources=_load(base, "resourceconfig"),
            framework=framework,
            cpus=_cpu_count(),
        )

    @property
    def program(self) -> str | None:
        """The script's file name; None means the image's own algorithm."""
        return self.toolkit.get("sagemaker_program")

    @property
    def module_name(self) -> str:
        """The script as `python -m` names it."""
        return (self.program or "").removesuffix(".py")

    @property
    def hosts(self) -> list[str]:
        """The job's instances."""
        return list(self.resources.get("hosts", ["algo-1"]))

    @property
    def current_host(self) -> str:
        """This instance."""
        return str(self.resources.get("current_host", "algo-1"))

    @property
    def objective_metric(self) -> str | None:
        """The metric that a tuning job optimises."""
        return self.toolkit.get("_tuning_objective_metric")

    def channel_folder(self, channel: str) -> Path:
        """Return where a channel's files are."""
        return self.base / "input" / "data" / channel

    def arguments(self) -> list[str]:
        """Return the script's arguments, sorted by name."""
        words = []
        for name in sorted(self.hyperparameters):
            words += [f"--{name}" if len(name) > 1 else f"-{name}", _argument(self.hyperparameters[name])]
        return words

    def variables(self) -> dict[str, str]:
        """Return the SM_* environment variables."""
        values = self._values()
        values["training_env"] = {**values, "job_name": self.toolkit.get("sagemaker_job_name", "")}
        values["user_args"] = self.arguments()
        for channel in self.channels:
            values[f"channel_{channel}"] = str(self.channel_folder(channel))
        for name, value in self.hyperparameters.items():
            values[f"hp_{name}"] = value
        return {f"SM_{name.upper()}": _variable(value) for name, value in values.items()}

    def _values(self) -> dict[str, Any]:
        base = str(self.base)
        return {
            "channels": sorted(self.channels),
            "current_host": self.current_host,
            "framework_module": f"{_CONTAINER_PACKAGES[self.framework]}.training:main",
            "framework_params": dict(self.toolkit),
            "hosts": self.hosts,
            "hps": dict(self.hyperparameters),
            "input_config_dir": f"{base}/input/config",
            "input_data_config": dict(self.channels),
            "input_dir": f"{base}/input",
            "log_level": int(self.toolkit.get("sagemaker_container_log_level", _LOG_LEVEL)),
            "master_host": self.hosts[0],
            "model_dir": f"{base}/model",
            "module_dir": str(self.toolkit.get("sagemaker_submit_directory", f"{base}/code")),
            "module_name": self.module_name,
            "network_interface_name": str(self.resources.get("network_interface_name", "eth0")),
            "num_cpus": self.cpus,
            "num_gpus": 0,
            "output_data_dir": f"{base}/output/data",
            "output_dir": f"{base}/output",
            "output_intermediate_dir": f"{base}/output/intermediate",
            "resource_config": dict(self.resources),
            "user_entry_point": self.program or "",
        }


def _is_for_toolkit(name: str) -> bool:
    return name.startswith("sagemaker_") or name == "_tuning_objective_metric"


def _load(base: Path, name: str) -> dict[str, Any]:
    path = base / "input" / "config" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _lenient(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)


def _variable(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _cpu_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
