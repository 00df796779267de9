"""How features go together: a linear prediction of each number from the others, and how far a day may stray from it.

A cold day moves every weather feature, so no threshold on one of them alone can tell winter from a wrong unit. How they
depend on each other is the same all year: temperature follows dew point and humidity, one delay average the next. A
unit that changed in one source, or a column whose values came to the wrong rows, breaks that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Relation:
    """One feature as a linear function of others."""

    name: str
    coefficients: Mapping[str, float]

    @classmethod
    def from_dict(cls, name: str, document: Mapping[str, Any]) -> Relation:
        """Read the `relation` of a feature in our constraints.json."""
        return cls(name, {other: float(value) for other, value in document["coefficients"].items()})
