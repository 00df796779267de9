"""Reckon what deciding by the model at its threshold costs, against the rules that need no model."""

from dataclasses import dataclass

from pipelines.report.documents import Document


@dataclass(frozen=True)
class Confusion:
    """Flights by what was predicted at the threshold and what happened."""

    tp: float
    fp: float
    fn: float
    tn: float

    @classmethod
    def of(cls, told: Document) -> "Confusion | None":
        """Read a matrix by names or as Model Monitor writes it: {"actual": {"predicted": n}}."""
        found = [
            told.number((f"{a}_{b}", f"{a}_{b}s", short)) if not told.at("1") else told.number(actual, guess)
            for a, b, short, actual, guess in (
                ("true", "positive", "tp", "1", "1"), ("false", "positive", "fp", "0", "1"),
                ("false", "negative", "fn", "1", "0"), ("true", "negative", "tn", "0", "0"),
            )
        ]  # fmt: skip
        return None if any(value is None for value in found) else cls(*(value or 0.0 for value in found))

    @property
    def recall(self) -> float:
        """The share of late flights that are flagged."""
        return self.tp / max(self.tp + self.fn, 1)

    @property
    def false_alarm(self) -> float:
        """The share of punctual flights that are flagged."""
        return self.fp / max(self.fp + self.tn, 1)

    @property
    def precision(self) -> float:
        """The share of flags that are right."""
        return self.tp / max(self.tp + self.fp, 1)

    @property
    def rows(self) -> float:
        """All flights."""
        return self.tp + self.fp + self.fn + self.tn

    def cost(self, false_positive: float, false_negative: float) -> float:
        """Return the cost of the errors."""
        return self.fp * false_positive + self.fn * false_negative


@dataclass(frozen=True)
class Decision:
    """What the errors cost.

    Attributes:
        ratio: Cost of a missed late flight over that of a false alarm.
        saved: Share of the cost that the model saves against the better of never and always flagging.
        best: Which of the two that is.
    """

    ratio: float
    saved: float | None
    best: str


def decide(told: Document) -> Decision | None:
    """Reckon from the evaluation's `threshold`; None where costs or counts are not there."""
    matrix = Confusion.of(told.at("confusion_matrix"))
    false_positive, false_negative = told.number("cost_false_positive"), told.number("cost_false_negative")
    if matrix is None or not false_positive or false_negative is None:
        return None
    never = (matrix.tp + matrix.fn) * false_negative
    always = (matrix.fp + matrix.tn) * false_positive
    cost, rule = matrix.fp * false_positive + matrix.fn * false_negative, min(never, always)
    saved = 1 - cost / rule if rule else None
    return Decision(false_negative / false_positive, saved, "never" if never <= always else "always")
