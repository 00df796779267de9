"""Import once what most jobs import, without starting threads that a fork would lose."""

import gc
import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

MODULES = (
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.parquet",
    "pyarrow.dataset",
    "scipy.sparse",
    "scipy.special",
    "scipy.stats",
    "xgboost",
    "sklearn.calibration",
    "sklearn.compose",
    "sklearn.datasets",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "joblib",
    "threadpoolctl",
)

ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # more would start a pool at import
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin at barriers cost 30 times the time where CPUs are short
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's allocator would start one
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS kills forks of a process that used its frameworks
}
"""The fork server's own environment; jobs do not see it."""


class WarmLibraries:
    """The imported libraries, and the means to set how many threads they use in a fork."""

    def __init__(self, modules: Sequence[str]) -> None:
        for name in modules:
            _import_if_there(name)
        threadpoolctl = _import_if_there("threadpoolctl") if modules else None
        # Scanning the loaded libraries takes 20 ms: once here, not in each job.
        self._pools: Any = threadpoolctl.ThreadpoolController() if threadpoolctl else None
        gc.collect()
        gc.freeze()

    def use_threads(self, environment: Mapping[str, str]) -> None:
        """Give the loaded libraries the thread counts which they would have read from a job's environment at import."""
        if self._pools is None:
            return
        self._pools.limit(limits=_thread_counts(environment))


def _import_if_there(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:  # a smaller environment: jobs that need it fail by themselves
        return None


def _thread_counts(environment: Mapping[str, str]) -> dict[str, int | None]:
    """Return threads by kind of library; None leaves it as it is.

    OpenBLAS stays at the one thread it was imported with unless the job asks for more: its pool would be started, and
    spin, in every job, while what jobs here do in parallel (XGBoost, scikit-learn's trees) is OpenMP's.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "openmp": _count(environment.get("OMP_NUM_THREADS", "").split(",")[0]) or cpus,
        "blas": _count(environment.get("OPENBLAS_NUM_THREADS", "")),
    }


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() and int(text) > 0 else None
