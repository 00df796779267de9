"""Put frames of different columns one below the other."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def stack(frames: Sequence[pd.DataFrame], numbers: Collection[str]) -> pd.DataFrame:
    """All rows with all columns; what a frame lacks is missing. Columns in `numbers` stay float64 where they can."""
    if len(frames) == 1:
        return frames[0]
    names = dict.fromkeys(name for frame in frames for name in frame.columns)
    return pd.DataFrame({name: _column(name, frames, is_number=name in numbers) for name in names})


def _column(name: str, frames: Sequence[pd.DataFrame], *, is_number: bool) -> NDArray[np.generic]:
    parts = [frame[name].to_numpy() if name in frame.columns else None for frame in frames]
    are_floats = all(part is None or part.dtype == np.float64 for part in parts)
    blank, kind = (np.nan, np.float64) if is_number and are_floats else (None, object)
    filled = [
        np.full(len(frame), blank, dtype=kind) if part is None else part.astype(kind)
        for frame, part in zip(frames, parts, strict=True)
    ]
    return np.concatenate(filled)
