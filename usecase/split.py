"""The split by month, never random: a model is judged on days that lie after all it has learned from."""

from __future__ import annotations

SPLIT_MONTHS: dict[str, tuple[int, ...]] = {
    "train": (1, 2, 3, 4, 5, 6, 7, 8),
    "validation": (9, 10),
    "test": (11,),
    "production": (12,),
}
"""December plays the traffic of a deployed model: no job of the training pipeline learns from it."""

REQUIRED_SPLITS = ("train", "validation", "test")
