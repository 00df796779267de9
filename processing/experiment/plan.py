"""What is agreed before an experiment starts, and written down as plan.json.

PlanError   the plan is unusable: where, which value, what is allowed
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from processing.experiment.day_sequence import DEFAULT_MIXTURE
from processing.experiment.moments import read_moment

SCHEMA_VERSION = 1
PAIRED, SPLIT = "paired", "split"

# How the error probability is spent; the parts sum to 1, so that all wrong verdicts together stay below alpha.
_QUALITY_PART, _GUARDRAIL_PART, _SAMPLE_RATIO_PART = 0.8, 0.18, 0.02


class PlanError(Exception):
    """A plan that cannot be used; the text is fit for a failure reason."""


@dataclass(frozen=True)
class Tolerances:
    """How much worse the challenger may be before it is withdrawn.

    Attributes:
        error_rate: Share of failed invocations above the champion's.
        latency_p99_microseconds: Limit that at most 1 % of the challenger's ModelLatency may exceed.
        calibration: Distance of mean prediction and base rate, above the champion's.
        slice_log_loss: Log loss above the champion's in any slice.
        daily_log_loss: Log loss above the champion's on no matter which days: the alarm that need not wait for a day's
            end. It must be larger than what days alone do to two equal models (on the flights: 0.1).
        minimum_slice_rows: Labelled requests below which a slice is not judged.
    """

    error_rate: float = 0.01
    latency_p99_microseconds: float = 500_000
    calibration: float = 0.05
    slice_log_loss: float = 0.05
    daily_log_loss: float = 0.1
    minimum_slice_rows: int = 500


@dataclass(frozen=True)
class SampleRatioPlan:
    """Which mismatch of the variants' shares must be found.

    Attributes:
        mismatch: Deviation of the challenger's share, e.g. 0.01 for one percentage point.
        requests: How many requests find it with 95 % power.
    """

    mismatch: float = 0.01
    requests: int = 0


@dataclass(frozen=True)
class Plan:
    """The agreement.

    Attributes:
        experiment: Its name: the challenger's release.
        comparison: `paired` (both models score every request) or `split` (each variant by its own requests). Paired is
            not valid where a prediction changes the outcome: then only randomised traffic can tell.
        alpha: Probability of any wrong verdict when the models are equal, over all looks.
        power: Probability to find `minimum_effect` within `maximum_days`.
        minimum_effect: Smallest improvement of the log loss that matters, above 0.
        margin: Promote when the challenger's log loss is surely below the champion's plus this.
        expected_days: Closed days after which a decision is likelier than not.
        maximum_days: Closed days after which the experiment ends without promotion.
        minimum_days: Closed days before which nothing is promoted.
        mixture: Parameter of the confidence sequence (day_sequence).
        label_delay_hours: How long after its end a day waits for ground truth. What comes later is counted, not used.
        day_starts_at_utc_hour: When a day begins, 0 to 23: best in the night.
        challenger_share: Planned share of the challenger when no client and no ramp history says another.
        requests_per_day: What the duration was planned with.
        minimum_challenger_requests: Requests that the challenger itself must have served before a promotion.
        minimum_requests_per_step: Requests that the challenger must have served before the next step of the ramp.
        started_at: When the experiment began.
        planned: What people read: how the durations came about.
    """

    experiment: str
    comparison: str = PAIRED
    alpha: float = 0.05
    power: float = 0.8
    minimum_effect: float = 0.01
    margin: float = 0.0
    expected_days: float = 7
    maximum_days: int = 28
    minimum_days: int = 3
    mixture: float = DEFAULT_MIXTURE
    label_delay_hours: float = 12
    day_starts_at_utc_hour: int = 0
    challenger_share: float = 0.5
    requests_per_day: float = 870
    minimum_challenger_requests: int = 300
    minimum_requests_per_step: int = 100
    started_at: datetime | None = None
    guardrails: Tolerances = Tolerances()
    sample_ratio: SampleRatioPlan = SampleRatioPlan()
    planned: Mapping[str, Any] = field(default_factory=dict)

    @property
    def quality_alpha(self) -> float:
        """The part of alpha for the comparison of quality."""
        return self.alpha * _QUALITY_PART

    @property
    def guardrail_alpha(self) -> float:
        """The part of alpha for all guardrails together."""
        return self.alpha * _GUARDRAIL_PART

    @property
    def sample_ratio_alpha(self) -> float:
        """The part of alpha for the sample ratio."""
        return self.alpha * _SAMPLE_RATIO_PART

    def to_dict(self) -> dict[str, Any]:
        """The document of plan.json."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        document["started_at"] = self.started_at.isoformat() if self.started_at else None
        return document

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """Read `plan.json` in a folder."""
        file = folder / "plan.json"
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise PlanError(f"{file}: no plan here; `python -m pipelines plan-experiment` writes one") from None
        except (ValueError, OSError) as error:
            raise PlanError(f"{file}: not readable JSON ({error})") from error
        return cls.from_dict(document, where=file.name)

    @classmethod
    def from_dict(cls, document: Any, *, where: str = "plan") -> "Plan":
        """Build a plan from its document; what is left out has its default."""
        if not isinstance(document, Mapping):
            raise PlanError(f"{where}: {type(document).__name__} is not an object")
        if document.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
            raise PlanError(f"{where}: schema_version is {document['schema_version']!r}, this code reads 1")
        values = {name: value for name, value in document.items() if name != "schema_version" and value is not None}
        if not values.get("experiment"):
            raise PlanError(f"{where}: experiment is missing; expected its name, e.g. release-v7")
        for name, kind in (("guardrails", Tolerances), ("sample_ratio", SampleRatioPlan)):
            if name in values:
                values[name] = kind(**_known(values[name], kind, f"{where}: {name}"))
        values = _known(values, cls, where)
        if "started_at" in values:
            values["started_at"] = read_moment(values["started_at"])
        plan = cls(**values)
        _refuse_unusable(plan, where)
        return plan


def _known(values: Any, kind: type, where: str) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    unknown = sorted(set(values) - names)
    if unknown:
        raise PlanError(f"{where}: {unknown[0]!r} is not known; allowed are {', '.join(sorted(names))}")
    return dict(values)


def _refuse_unusable(plan: Plan, where: str) -> None:
    ranges = (
        ("alpha", plan.alpha, 0, 0.5),
        ("power", plan.power, 0, 1),
        ("minimum_effect", plan.minimum_effect, 0, float("inf")),
        ("maximum_days", plan.maximum_days, 0, 10_000),
        ("minimum_days", plan.minimum_days, 0, 10_000),
        ("mixture", plan.mixture, 0, float("inf")),
        ("sample_ratio.mismatch", plan.sample_ratio.mismatch, 0, 1),
        ("challenger_share", plan.challenger_share, 0, 1),
    )
    for name, value, low, high in ranges:
        if not isinstance(value, (int, float)) or not low < value < high:
            raise PlanError(f"{where}: {name} is {value!r}; allowed is a number above {low} and below {high}")
    if plan.comparison not in (PAIRED, SPLIT):
        raise PlanError(f"{where}: comparison is {plan.comparison!r}; allowed are {PAIRED}, {SPLIT}")
    if plan.day_starts_at_utc_hour not in range(24):
        raise PlanError(f"{where}: day_starts_at_utc_hour is {plan.day_starts_at_utc_hour!r}; allowed are 0 to 23")
