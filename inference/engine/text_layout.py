"""Lay out a specification's categories for the compiled reader: one hash table over all categorical features."""

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from usecase.feature_spec import FeatureSpec

NUMBER, REQUIRED_NUMBER, CATEGORICAL = 0, 1, 2
UNSURE, MISSING = -1, -2

_BASIS, _PRIME, _MASK = 14695981039346656037, 1099511628211, (1 << 64) - 1

Dictionary = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]


def kinds(spec: FeatureSpec) -> NDArray[np.int64]:
    """How to read each column: as a number, a required number, or CATEGORICAL + its place."""
    values = [
        CATEGORICAL + place if feature.kind == "categorical" else NUMBER if feature.nullable else REQUIRED_NUMBER
        for place, feature in enumerate(spec.features)
    ]
    return np.array(values, dtype=np.int64)


def dictionary(spec: FeatureSpec, missing: Collection[str], reserved: Collection[str]) -> Dictionary:
    """Slots by hash (an entry's number, or -1), the words' bytes, and entries: column, first, last byte, code."""
    entries = [(place, text.encode(), code) for place, text, code in _entries(spec, missing, reserved)]
    size = 1 << (2 * len(entries) + 1).bit_length()
    slots = np.full(size, -1, dtype=np.int64)
    ends = np.cumsum([0, *(len(text) for _, text, _ in entries)])
    for number, (place, text, _) in enumerate(entries):
        slot = _digest(text, place) & (size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = number
    rows = [(place, ends[number], ends[number + 1], code) for number, (place, _, code) in enumerate(entries)]
    words = np.frombuffer(b"".join(text for _, text, _ in entries) or b"\0", dtype=np.uint8)
    return slots, words, np.array(rows, dtype=np.int64).reshape(-1)


def _entries(spec: FeatureSpec, missing: Collection[str], reserved: Collection[str]) -> Iterator[tuple[int, str, int]]:
    for place, feature in enumerate(spec.features):
        if feature.kind != "categorical":
            continue
        codes = {text: code for code, text in enumerate(feature.vocabulary)}
        codes |= dict.fromkeys(reserved, UNSURE)
        codes |= dict.fromkeys(missing, MISSING if feature.nullable else UNSURE)
        yield from ((place, text, code) for text, code in codes.items())


def _digest(text: bytes, column: int) -> int:
    """As the compiled `digest`."""
    value = (_BASIS ^ column) * _PRIME & _MASK
    for byte in text:
        value = (value ^ byte) * _PRIME & _MASK
    return value ^ (value >> 32)
