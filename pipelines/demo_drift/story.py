"""What was observed while December was replayed: plain values that summary and picture are made of."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DAY = timedelta(days=1)
RUN_HOUR = 1
"""When the monitors run, on the clock of the local AWS: the night after the day that they judge."""


@dataclass(frozen=True)
class MonitorRun:
    """What one monitor said of one day.

    Attributes:
        status: As in report.json: Completed, CompletedWithViolations, NoData, Failed.
        checks: Kinds of violations, as in constraint_violations.json.
        descriptions: Their own words.
        headline: Its figures, as published to CloudWatch.
    """

    day: int
    kind: str
    status: str
    records: int
    checks: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    headline: dict[str, float] = field(default_factory=dict)

    @property
    def is_alarming(self) -> bool:
        """Whether it found anything."""
        return self.status == "CompletedWithViolations"


@dataclass(frozen=True)
class Raised:
    """An alarm went to ALARM, by its own history."""

    gate: str
    name: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Execution:
    """One execution: of the monitoring machine, the retraining machine or the training pipeline."""

    arn: str
    status: str
    started: datetime
    ended: datetime | None
    reason: str = ""


@dataclass
class Portion:
    """Requests that were sent at once."""

    at: datetime
    requests: int


@dataclass(frozen=True)
class Registered:
    """A model package that a retraining registered.

    Attributes:
        reason: As the package tells it.
        measures: AUC and log loss, as the package tells them.
    """

    arn: str
    at: datetime
    reason: str
    measures: dict[str, float] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Its version in the group."""
        return self.arn.rpartition("/")[2]


@dataclass
class Retraining:
    """What the alarms set in motion.

    Attributes:
        asked: Executions of the retraining machine: one per alarm.
        executions: Executions of the training pipeline that have a reason.
        registered: What they registered, in order.
    """

    asked: list[Execution] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    registered: list[Registered] = field(default_factory=list)


@dataclass
class Story:
    """The whole replay.

    Attributes:
        start: Midnight of the first day, on the clock of the local AWS.
        portions: What was sent, in order.
        runs: What the monitors said.
        raised: Alarms, in order.
        nights: Executions of the monitoring machine.
        labels: How many label lines were delivered.
        uncaptured: Requests sent while nothing was captured.
        labelled: Requests of which a label was delivered.
        requests_read: Requests that the monitors found in the capture, over all days.
        labels_judged: Requests that they judged by their label.
        seconds: Real time of each part of the replay.
        notes: Scenario → what else was seen, such as how the gap was closed.
    """

    start: datetime
    days: int
    portions: list[Portion] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    labels: int = 0
    uncaptured: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    requests_read: int = 0
    labels_judged: int = 0
    runs: list[MonitorRun] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    nights: list[Execution] = field(default_factory=list)
    retraining: Retraining = field(default_factory=Retraining)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """All requests that were answered."""
        return sum(portion.requests for portion in self.portions)

    @property
    def expected_read(self) -> int:
        """How many requests the monitors must have found."""
        return self.requests - len(self.uncaptured)

    @property
    def expected_judged(self) -> int:
        """How many requests they must have judged, each once."""
        return len(self.labelled - self.uncaptured)

    def midnight(self, day: int) -> datetime:
        """Return when a day of December begins."""
        return self.start + (day - 1) * DAY

    def place(self, moment: datetime) -> float:
        """Return a moment in days of December: 1.5 is the noon of the first."""
        return 1 + (moment - self.start) / DAY

    def judged_day(self, moment: datetime) -> int:
        """Return the day that an alarm of this moment speaks of: the last one that was monitored."""
        return math.floor(self.place(moment - timedelta(hours=RUN_HOUR))) - 1

    def requests_between(self, first: datetime, last: datetime) -> int:
        """Return how many requests were sent meanwhile."""
        return sum(portion.requests for portion in self.portions if first <= portion.at <= last)

    def run(self, day: int, kind: str) -> MonitorRun | None:
        """Return what a monitor said of a day."""
        return next((run for run in self.runs if (run.day, run.kind) == (day, kind)), None)
