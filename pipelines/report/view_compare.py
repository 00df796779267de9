"""Compare the candidate with the base rate, the tuned model and the champion, and show the gate."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipelines.report import charts_rows
from pipelines.report.documents import Document, RunFolder
from pipelines.report.run_facts import RunFacts, gate_checks
from pipelines.report.scales import Scale
from pipelines.report.wording import NONE, number, signed


@dataclass(frozen=True)
class Rival:
    """A model the candidate is compared with; differences are candidate minus rival."""

    name: str
    explanation: str
    auc: float | None
    log_loss: float | None
    value: float | None
    low: float | None
    high: float | None
    auc_text: str
    chart: Markup | None = None

    @property
    def share(self) -> float | None:
        """The difference as a share of the rival's log loss."""
        return None if self.value is None or not self.log_loss else self.value / self.log_loss

    @property
    def verdict(self) -> str:
        """What the interval of the difference says."""
        if self.value is None:
            return NONE
        if self.low is None or self.high is None:
            return "better" if self.value < 0 else "worse"
        if self.high < 0:
            return "better"
        return "worse" if self.low > 0 else "no clear difference"


_BASE_RATE = "Base rate"
_RIVALS = (
    ("base_rate", _BASE_RATE, "the same probability for every flight: the rate of the months before"),
    ("tuned", "Before the refit", "the best trial of the search, trained without the validation months"),
    ("champion", "Champion", "the version in production"),
)


def comparison(run: RunFolder) -> dict[str, Any]:
    """Return the rivals with the difference in log loss, and the gate's conditions."""
    evaluation = run.need("evaluation")
    test = RunFacts.of(run)
    rivals = [
        rival
        for key, name, words in _RIVALS
        if (rival := _rival(evaluation.at("comparisons", key), key, name, words, test))
    ]
    models = [rival for rival in rivals if rival.name != _BASE_RATE] or rivals
    ends = [end for rival in models for end in (rival.low, rival.high, rival.value) if end is not None]
    reach = max((abs(end) for end in ends), default=1.0) * 1.15 or 1.0
    scale = Scale(-reach, reach, 0, 100)
    return {
        "rivals": [_with_chart(rival, scale) if rival in models else rival for rival in rivals],
        "range": (-reach, reach),
        "test": test.test,
        "champion": evaluation.flag("comparisons", "champion", "present"),
        "checks": gate_checks(run),
        "validation": evaluation.at("metrics", "validation"),
    }


def _rival(told: Document, key: str, name: str, explanation: str, facts: RunFacts) -> Rival | None:
    if not told or (key == "champion" and not told.flag("present")):
        return None
    log_loss = told.number("log_loss")
    if log_loss is None and key == "base_rate":
        log_loss = facts.base_log_loss
    difference = told.at("log_loss_difference")
    value, ours = difference.number("value"), facts.test.number("log_loss")
    if value is None and ours is not None and log_loss is not None:
        value = ours - log_loss
    auc = told.at("auc_difference")
    auc_text = signed(auc.number("value")) if auc.number("value") is not None else NONE
    if auc.number("lower") is not None:
        auc_text += f" ({signed(auc.number('lower'))} to {signed(auc.number('upper'))})"
    return Rival(
        name,
        explanation,
        told.number("auc"),
        log_loss,
        value,
        difference.number("lower"),
        difference.number("upper"),
        auc_text,
    )


def _with_chart(rival: Rival, scale: Scale) -> Rival:
    title = f"{signed(rival.value)} ({number(rival.low, 4)} to {number(rival.high, 4)})"
    chart = charts_rows.interval(scale, rival.value, rival.low, rival.high, reference=0.0, title=title)
    return Rival(**{**rival.__dict__, "chart": chart})
