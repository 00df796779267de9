"""Propose hyperparameters: the search strategies, and how each stays reproducible.

A proposal is a pure function of (seed, its number, what is known of earlier trials). Random, Grid and Hyperband know
nothing, so their proposals never depend on time. Bayesian search does; the tuner gives it, under a RandomSeed, only
trials far enough back that they have practically always ended (`tuner.Tuner`), so that parallel trials may finish in
any order.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from local_aws.tuning.ranges import Coordinate, SearchSpace

MAX_REDRAWS = 20
"""How often a proposal that repeats an earlier one is drawn again (small spaces of integers and categories)."""


@dataclass(frozen=True)
class Observation:
    """What a search may know of an earlier trial; no value means that it still runs, or that it failed."""

    coordinates: Mapping[str, Coordinate]
    value: float | None
    is_running: bool = False


class Search(Protocol):
    """Choose the hyperparameters of the next trial."""

    def propose(self, number: int, known: Sequence[Observation]) -> dict[str, str]:
        """Return the hyperparameters of trial `number` (1, 2, …)."""


@dataclass(frozen=True)
class RandomSearch:
    """Draw every trial independently and uniformly on the ranges' scales."""

    space: SearchSpace
    seed: int

    def propose(self, number: int, known: Sequence[Observation]) -> dict[str, str]:
        """Return the hyperparameters of trial `number`; only repeats of known trials are avoided."""
        return draw_unlike(self.space, random.Random(f"{self.seed}/{number}"), known)


@dataclass(frozen=True)
class GridSearch:
    """Try every combination of categories once."""

    space: SearchSpace

    def propose(self, number: int, known: Sequence[Observation]) -> dict[str, str]:  # noqa: ARG002 (the port's shape)
        """Return combination `number` of the grid."""
        return next(islice(self.space.grid(), number - 1, None))


def draw_unlike(space: SearchSpace, source: random.Random, known: Sequence[Observation]) -> dict[str, str]:
    """Draw a point at random that no known trial has, if a few attempts find one."""
    seen = [observation.coordinates for observation in known]
    for _ in range(MAX_REDRAWS):
        values = space.at({r.name: source.random() for r in space.ranges})
        if space.locate(values) not in seen:
            break
    return values
