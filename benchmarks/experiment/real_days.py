"""Draw experiments from what real days did to the difference of two models."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("real_days.npz")
EQUAL_PAIRS = 3
DEMO_PAIR = 3
_MEAN_BLOCK = 5


@dataclass(frozen=True)
class Days:
    """Sums by real day; all arrays begin with (pair, day) or (day).

    Attributes:
        n: Requests by hour.
        x: Differences of log loss by hour, centred: the models of a pair are exactly equal.
        xx: Their squares.
        slice_n: Requests by origin.
        slice_x: Differences by origin, centred.
        gap_minus: Challenger's minus champion's calibration gap.
        gap_plus: Their sum.
        effects: What was taken off: each pair's mean difference per request.
    """

    n: np.ndarray
    x: np.ndarray
    xx: np.ndarray
    slice_n: np.ndarray
    slice_x: np.ndarray
    gap_minus: np.ndarray
    gap_plus: np.ndarray
    effects: np.ndarray


def load() -> Days:
    """Read the recorded days and take each pair's mean difference off."""
    with np.load(FILE) as file:
        data = {name: file[name].astype(np.float64) for name in file.files if name != "pairs"}
    effects = data["x"].sum(axis=(1, 2)) / data["n"].sum()
    shift = effects[:, None, None]
    return Days(
        n=data["n"],
        x=data["x"] - shift * data["n"],
        xx=data["xx"] - 2 * shift * data["x"] + shift**2 * data["n"],
        slice_n=data["slice_n"],
        slice_x=data["slice_x"] - shift * data["slice_n"],
        gap_minus=data["gap_minus"],
        gap_plus=data["gap_plus"],
        effects=effects,
    )


@dataclass(frozen=True)
class Draw:
    """Experiments on the first axis, days on the second; `sign` says which model plays the challenger."""

    n: np.ndarray
    x: np.ndarray
    xx: np.ndarray
    slice_n: np.ndarray
    slice_x: np.ndarray
    gap_minus: np.ndarray
    gap_plus: np.ndarray


def draw(days: Days, experiments: int, length: int, rng: np.random.Generator, pair: int | None = None) -> Draw:
    """Draw experiments by the stationary bootstrap (Politis and Romano 1994): days in blocks, as weather lasts.

    Args:
        days: What to draw from.
        experiments: How many.
        length: Days of each.
        rng: Random numbers.
        pair: Of models; one of the equal pairs, at random for each experiment, if left out. Roles are random then.
    """
    pairs = rng.integers(0, EQUAL_PAIRS, experiments) if pair is None else np.full(experiments, pair)
    sign = rng.choice([-1.0, 1.0], experiments) if pair is None else np.ones(experiments)
    chosen = _blocks(len(days.n), experiments, length, rng)
    of_pair = (pairs[:, None], chosen)
    turned = sign[:, None]
    return Draw(
        n=days.n[chosen],
        x=days.x[of_pair] * turned[..., None],
        xx=days.xx[of_pair],
        slice_n=days.slice_n[chosen],
        slice_x=days.slice_x[of_pair] * turned[..., None],
        gap_minus=days.gap_minus[of_pair] * turned,
        gap_plus=days.gap_plus[of_pair],
    )


def _blocks(count: int, experiments: int, length: int, rng: np.random.Generator) -> np.ndarray:
    chosen = np.empty((experiments, length), dtype=np.int64)
    chosen[:, 0] = rng.integers(0, count, experiments)
    for day in range(1, length):
        starts_anew = rng.random(experiments) < 1 / _MEAN_BLOCK
        chosen[:, day] = np.where(starts_anew, rng.integers(0, count, experiments), (chosen[:, day - 1] + 1) % count)
    return chosen
