"""Compare an engine with XGBoost before it may answer."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.engine.compiled_engine import CompiledEngine
from inference.engine.forest import CATEGORICAL, Forest
from inference.engine.xgboost_engine import XGBoostEngine

TOLERANCE: Final = 1e-6
_EDGE_ROWS = 512


def furthest_apart(
    engine: CompiledEngine, reference: XGBoostEngine, rows: NDArray[np.float32], forest: Forest
) -> float:
    """The largest difference of a probability on the rows, one at a time and together, and on the forest's edges."""
    every = np.concatenate([rows, edge_rows(rows, forest)])
    together = np.abs(engine.predict(every) - reference.predict(every)).max()
    alone = np.abs(engine.predict(every[:1]) - reference.predict(every[:1])).max()
    return float(max(together, alone))


def edge_rows(rows: NDArray[np.float32], forest: Forest) -> NDArray[np.float32]:
    """Copies of the rows where some values are thresholds, their neighbours, missing, or codes no category has."""
    rng = np.random.default_rng(0)
    features = rows.shape[1]
    edges = rows[rng.integers(0, len(rows), _EDGE_ROWS)].copy()
    numeric = forest.columns < CATEGORICAL
    owners = np.where(numeric, forest.columns % np.uint32(features), features)
    for feature in range(features):
        if forest.slots[feature]:
            values = np.arange(-1, forest.slots[feature] + 2, dtype=np.float32)
        else:
            cuts = np.unique(forest.thresholds[(owners == feature) & np.isfinite(forest.thresholds)])
            values = np.concatenate([cuts, np.nextafter(cuts, np.float32(-np.inf)), np.zeros(1, dtype=np.float32)])
        replaced = rng.random(_EDGE_ROWS) < 0.5  # noqa: PLR2004 - half of them
        picked = rng.choice(np.append(values, np.float32(np.nan)), _EDGE_ROWS)
        edges[replaced, feature] = picked[replaced]
    return edges
