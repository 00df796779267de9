"""Say what a benchmark measured, and print it."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One figure, and what it is measured against.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: `s`, `ms`, `ratio`.
        target: The bound which the project sets itself, in the same unit; None where there is none.
        against: What the figure stands beside, in words.
    """

    name: str
    value: float
    unit: str
    target: float | None
    against: str

    @property
    def is_within_target(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.target is None or self.value <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"is_within_target": self.is_within_target}

    def line(self) -> str:
        """Return the figure as one line of text."""
        bound = "" if self.target is None else f"(bound {self.target:g}{'' if self.is_within_target else ', MISSED'})"
        return f"{self.name:<44}{self.value:>9.3f} {self.unit:<6}{bound:<22}{self.against}"
