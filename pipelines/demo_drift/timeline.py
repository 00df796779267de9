"""Draw the replay: days from left to right, a lane per gate, what was planted, what fired, what was retrained."""

from collections.abc import Iterator

from markupsafe import Markup

from pipelines.demo_drift.scenarios import GATES, KINDS, SCENARIOS, TITLES, Scenario, planted_on, reached_by
from pipelines.demo_drift.story import Execution, MonitorRun, Registered, Story
from pipelines.report import svg
from pipelines.report.scales import Scale

_WIDTH, _LEFT, _RIGHT = 1180, 148, 1166
_TOP, _TRAFFIC, _LANE, _GAP = 96, 34, 40, 14
_LONGEST = 26
_TICKS = 5
_VERSION_WIDTH = 60
_DOT, _MARK, _RING = 3, 8, 12


class Timeline:
    """The picture of one story."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._x = Scale(1, story.days + 1, _LEFT, _RIGHT)
        self._first = _TOP + _TRAFFIC + _GAP
        self._retraining = self._first + len(GATES) * _LANE + _GAP
        self._bottom = self._retraining + _LANE + _GAP
        self._width = (_RIGHT - _LEFT) / story.days

    def draw(self) -> Markup:
        """Return the picture."""
        planted = ", ".join(f"{scenario.name} on December {scenario.day}" for scenario in SCENARIOS)
        label = f"Timeline of {self._story.days} days. Planted: {planted}. The table below says what noticed each."
        return svg.image(
            _WIDTH,
            self._bottom + 40,
            label,
            *self._planted(),
            *self._frame(),
            *self._traffic(),
            *(mark for gate in GATES for mark in self._lane(gate)),
            *self._retrainings(),
        )

    def _planted(self) -> Iterator[Markup]:
        """A column per planted fault, paler where it still reaches, its name above, the cell that must fire framed."""
        for scenario in SCENARIOS:
            left = self._x(scenario.day)
            tall = self._bottom - _TOP
            if scenario.settles:
                wide = scenario.settles * self._width
                yield svg.element("rect", x=left + self._width, y=_TOP, width=wide, height=tall, class_="settles")
            yield svg.element("rect", x=left, y=_TOP, width=self._width, height=tall, class_="planted")
            yield self._name(scenario)
            left = self._x(scenario.day + scenario.grace)
            for gate in scenario.expected:
                y = self._lane_top(gate)
                yield svg.element(
                    "rect", x=left + 2, y=y + 3, width=self._width - 4, height=_LANE - 6, rx=5, class_="expected"
                )

    def _name(self, scenario: Scenario) -> Markup:
        x, y = self._x(scenario.day + 0.5), _TOP - 6.0
        return svg.text(scenario.name, x, y, "fault-name", transform=f"rotate(-32 {x:.1f} {y:.1f})")

    def _frame(self) -> Iterator[Markup]:
        for row, gate in enumerate(GATES):
            y = self._first + row * _LANE
            yield svg.element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid")
            yield svg.text(TITLES[gate], _LEFT - 12, y + _LANE / 2 + 4, "lane", text_anchor="end")
        y = self._first + len(GATES) * _LANE
        yield svg.element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid")
        yield svg.text("Requests", _LEFT - 12, _TOP + _TRAFFIC / 2 + 6, "lane", text_anchor="end")
        yield svg.text("Retraining", _LEFT - 12, self._retraining + _LANE / 2 + 4, "lane", text_anchor="end")
        yield svg.element("line", x1=_LEFT, x2=_RIGHT, y1=self._bottom, y2=self._bottom, class_="axis")
        for day in range(1, self._story.days + 1):
            if day == 1 or day % _TICKS == 0:
                yield svg.text(str(day), self._x(day + 0.5), self._bottom + 18, text_anchor="middle")
        yield svg.text(
            "December, replayed on the clock of the local AWS",
            _RIGHT,
            self._bottom + 36,
            "axis-title",
            text_anchor="end",
        )

    def _traffic(self) -> Iterator[Markup]:
        counts = [
            self._story.requests_between(self._story.midnight(day), self._story.midnight(day + 1))
            for day in range(1, self._story.days + 1)
        ]
        height = Scale(0, max([*counts, 1]), 0, _TRAFFIC - 4)
        for day, count in enumerate(counts, start=1):
            tall = height(count)
            title = svg.element("title", f"December {day}: {count} requests")
            x, y = self._x(day) + 3, _TOP + _TRAFFIC - tall
            yield svg.element("rect", title, x=x, y=y, width=self._width - 6, height=tall, class_="traffic")

    def _lane(self, gate: str) -> Iterator[Markup]:
        raised = {self._story.judged_day(alarm.at): alarm for alarm in self._story.raised if alarm.gate == gate}
        for day in range(1, self._story.days + 1):
            x, y = self._x(day + 0.5), self._lane_top(gate) + _LANE / 2
            run = self._story.run(day, gate) if gate in KINDS else None
            if run is not None:
                yield _run_mark(run, x, y)
            if day in raised:
                if gate not in KINDS:
                    yield svg.element("circle", cx=x, cy=y, r=_MARK, class_=f"found {_meaning(gate, day)}")
                title = svg.element("title", f"alarm {raised[day].name} at {raised[day].at:%H:%M} of the next day")
                yield svg.element("circle", title, cx=x, cy=y, r=_RING, class_=f"alarm {_meaning(gate, day)}")

    def _retrainings(self) -> Iterator[Markup]:
        told, y = self._story.retraining, self._retraining + _LANE / 2
        for asked in told.asked:
            x = self._x(self._story.place(asked.started))
            title = svg.element("title", f"{asked.reason or 'an alarm'} asked for a retraining")
            points = f"{x - 5:.1f},{y - 17:.1f} {x + 5:.1f},{y - 17:.1f} {x:.1f},{y - 9:.1f}"
            yield svg.element("polygon", title, points=points, class_="asked")
        for execution in told.executions:
            yield self._execution(execution, y)
        for package in told.registered:
            yield self._registered(package, y)

    def _registered(self, package: Registered, y: float) -> Markup:
        x = self._x(self._story.place(package.at))
        points = f"{x:.1f},{y - 9:.1f} {x + 9:.1f},{y:.1f} {x:.1f},{y + 9:.1f} {x - 9:.1f},{y:.1f}"
        title = svg.element("title", f"registered {package.arn}: {package.reason}")
        diamond = svg.element("polygon", title, points=points, class_="registered-version")
        at = min(x, _RIGHT - _VERSION_WIDTH / 2)
        return svg.element("g", diamond, svg.text(f"version {package.version}", at, y + 26, text_anchor="middle"))

    def _execution(self, execution: Execution, y: float) -> Markup:
        left = self._x(self._story.place(execution.started))
        right = self._x(self._story.place(execution.ended)) if execution.ended else float(_RIGHT)
        title = svg.element("title", f"{execution.status}: {execution.reason}")
        return svg.element(
            "rect", title, x=left, y=y - 5, width=max(right - left, 3), height=10, rx=5, class_="training"
        )

    def _lane_top(self, gate: str) -> float:
        return float(self._first + GATES.index(gate) * _LANE)


def _run_mark(run: MonitorRun, x: float, y: float) -> Markup:
    said = "; ".join(run.descriptions[:3]) or f"{run.status}, {run.records} records"
    title = svg.element("title", f"December {run.day}, {TITLES[run.kind].lower()}: {said}")
    if run.is_alarming:
        number = svg.text(str(len(run.descriptions)), x, y + 4, "found-number", text_anchor="middle")
        dot = svg.element("circle", cx=x, cy=y, r=_MARK, class_=f"found {_meaning(run.kind, run.day)}")
        return svg.element("g", title, dot, number)
    if run.status == "Failed":
        cross = f"M{x - 5:.1f} {y - 5:.1f}L{x + 5:.1f} {y + 5:.1f}M{x - 5:.1f} {y + 5:.1f}L{x + 5:.1f} {y - 5:.1f}"
        return svg.element("path", title, d=cross, class_="failed-run")
    kind = "quiet-run" if run.records else "empty-run"
    return svg.element("circle", title, cx=x, cy=y, r=_DOT, class_=kind)


def _meaning(gate: str, day: int) -> str:
    """Whether it is what was expected, another view of a planted fault, or false."""
    planted, reached = planted_on(day), reached_by(day)
    if (planted and gate in planted.expected) or (reached and gate in reached.expected):
        return "right"
    return "aside" if reached else "false"
