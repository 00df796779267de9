"""Choose the engine: the fastest one that gives XGBoost's own numbers on stored rows."""

import functools
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from inference.engine.compiled_engine import CompiledEngine
from inference.engine.forest import Forest, UnsupportedModelError, read_forest
from inference.engine.kernel_store import CompilationError, compile_kernels, is_compiled, kernel_folder, load_kernels
from inference.engine.parity import TOLERANCE, furthest_apart
from inference.engine.xgboost_engine import XGBoostEngine
from usecase.feature_spec import FeatureSpec

_LOG = logging.getLogger(__name__)

Matrix: TypeAlias = NDArray[np.float32]
Probabilities: TypeAlias = NDArray[np.float32]


class Engine(Protocol):
    """A loaded model. Not to be called by two threads at once."""

    @property
    def name(self) -> str:
        """What the log and /ping call it."""

    def predict(self, matrix: Matrix) -> Probabilities:
        """Probability of the label 1 for each row."""


class DisagreementError(Exception):
    """The compiled engine gave other numbers than XGBoost."""


def open_engine(
    booster: xgb.Booster, spec: FeatureSpec, stored_rows: Matrix, environ: Mapping[str, str] = os.environ
) -> Engine:
    """Open the fastest engine that agrees with `booster` on `stored_rows`; one log line says which and why.

    Nobody waits for a compiler: where the loops are not compiled yet, XGBoost answers until they are. The environment
    variable MODEL_ENGINE=xgboost keeps to XGBoost.
    """
    del spec
    reference = XGBoostEngine(booster)
    if environ.get("MODEL_ENGINE", "auto") == "xgboost":
        _LOG.info("engine: xgboost, as MODEL_ENGINE says")
        return reference
    try:
        folder, forest = kernel_folder(environ), read_forest(booster)
        if is_compiled(folder):
            return _checked(folder, forest, reference, stored_rows)
    except _REASONS as error:
        _LOG.warning("engine: xgboost, because of this: %s", error)
        return reference
    return SwitchingEngine(folder, forest, reference, stored_rows)


class SwitchingEngine:
    """XGBoost's own prediction until the loops are compiled and checked; for good where they cannot be."""

    def __init__(self, folder: Path, forest: Forest, reference: XGBoostEngine, stored_rows: Matrix) -> None:
        self._current: Engine = reference
        self._prepare: Callable[[], CompiledEngine] = functools.partial(
            _compiled, folder, forest, reference, stored_rows
        )
        _LOG.info("engine: xgboost, until the compiled engine is ready")
        self._start()

    @property
    def name(self) -> str:
        """The name of the engine that answers now."""
        return self._current.name

    def predict(self, matrix: Matrix) -> Probabilities:
        """Probability of the label 1 for each row."""
        if self._process != os.getpid():
            # A server that forks after loading: threads stay with the parent.
            self._start()
        return self._current.predict(matrix)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until it is decided which engine stays; False where that takes longer."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _start(self) -> None:
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._switch, name="engine-compiler", daemon=True)
        self._thread.start()

    def _switch(self) -> None:
        try:
            self._current = self._prepare()
        except _REASONS as error:
            _LOG.warning("engine: xgboost, because of this: %s", error)
        except Exception:  # noqa: BLE001 - the boundary of the thread
            # Whatever is wrong with the fast engine, the slow one answers.
            _LOG.exception("engine: xgboost, because the compiled engine failed")


def _compiled(folder: Path, forest: Forest, reference: XGBoostEngine, stored_rows: Matrix) -> CompiledEngine:
    compile_kernels(folder)
    return _checked(folder, forest, reference, stored_rows)


def _checked(folder: Path, forest: Forest, reference: XGBoostEngine, stored_rows: Matrix) -> CompiledEngine:
    engine = CompiledEngine(forest, load_kernels(folder))
    apart = furthest_apart(engine, reference, stored_rows, forest)
    if not apart <= TOLERANCE:
        raise DisagreementError(f"the compiled engine differs from XGBoost by {apart:.2g} on the stored rows")
    trees, depth = forest.with_categories.shape
    _LOG.info("engine: compiled, %d trees of %d levels; within %.1g of XGBoost", trees, depth, apart)
    return engine


_REASONS = (UnsupportedModelError, CompilationError, DisagreementError)
