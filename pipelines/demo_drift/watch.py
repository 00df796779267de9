"""Read what the monitoring did: runs of the night, reports, alarms."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipelines.demo.objects import Objects
from pipelines.demo_drift.retrainings import Retrainings, execution_of, utc
from pipelines.demo_drift.scenarios import JOB, JOB_BROKEN, LABELS
from pipelines.demo_drift.story import Execution, MonitorRun, Raised, Story
from pipelines.errors import ExecutionFailedError
from pipelines.targets import Target

_NIGHT_SECONDS, _POLL = 300.0, 0.2
_VARIANT = "champion"


class Watch:
    """What the deployed monitoring does on one target.

    Args:
        facts: The stack output `Monitoring`.
    """

    def __init__(self, target: Target, facts: dict[str, Any]) -> None:
        self._facts = facts
        self._sfn = target.client("stepfunctions")
        self._sagemaker = target.client("sagemaker")
        self._cloudwatch = target.client("cloudwatch")
        self._objects = Objects(target.client("s3"))
        self._retrainings = Retrainings(target, facts["retrain_machine"])
        self._gates = dict(_alarm_names(facts))

    @property
    def reports(self) -> str:
        """S3 URI of the folder of the champion's reports."""
        return f"{self._facts['reports'].rstrip('/')}/{_VARIANT}"

    def wait_for_night(self, since: datetime) -> Execution:
        """Return the monitoring execution that the schedule started, once it is over.

        Raises:
            ExecutionFailedError: The schedule started none, or it does not end.
        """
        end = time.monotonic() + _NIGHT_SECONDS
        night: Execution | None = None
        while time.monotonic() < end:
            night = self._described(night) if night else self._newest_night(since)
            if night and night.ended is not None:
                return night
            time.sleep(_POLL)
        raise ExecutionFailedError(
            f"no execution of the monitoring workflow that began after {since:%Y-%m-%d %H:%M} has ended",
            hint="see the executions of the state machine in the local AWS",
        )

    def standing_alarms(self) -> list[str]:
        """Return the names of our alarms that are in ALARM."""
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM")
        names = [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]
        return [name for name in names if name in self._gates]

    def gate_of(self, alarm: str) -> str:
        """Return the gate that an alarm belongs to."""
        return self._gates[alarm]

    def alarms(self) -> list[Raised]:
        """Return every change to ALARM, by the alarms' own history, in order."""
        found = [raised for name in self._gates for raised in self._history(name)]
        return sorted(found, key=lambda raised: raised.at)

    def report(self, story: Story, day: int) -> list[MonitorRun]:
        """Return what the monitors said of a day; nothing where they did not look at it."""
        folder = f"{self.reports}/{story.midnight(day):%Y/%m/%d}"
        files = self._objects.list(folder)
        if f"{folder}/report.json" not in files:
            return []
        report = json.loads(self._objects.read(f"{folder}/report.json"))
        story.requests_read += int(report["counts"].get("capture", {}).get("requests", 0))
        story.labels_judged += int(report["counts"].get("labels", {}).get("judged", 0))
        return [self._run(folder, files, day, kind, said) for kind, said in report["monitors"].items()]

    def complete(self, story: Story) -> None:
        """Wait for the retraining, and enter what monitors, alarms and retraining left behind."""
        self._retrainings.wait()
        for day in range(1, story.days + 1):
            story.runs += self.report(story, day)
        story.notes[JOB_BROKEN] = self._failures()
        story.raised = with_standing(self.alarms(), story)
        story.retraining = self._retrainings.told()

    def _failures(self) -> str:
        """Return what the failed jobs of the monitors said."""
        listed = self._sagemaker.list_processing_jobs(NameContains="monitor-", StatusEquals="Failed")
        names = [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]]
        told = [self._sagemaker.describe_processing_job(ProcessingJobName=name) for name in names]
        return " ".join(dict.fromkeys(str(job.get("ExitMessage") or job.get("FailureReason", "")) for job in told))

    def _newest_night(self, since: datetime) -> Execution | None:
        newest = self._sfn.list_executions(stateMachineArn=self._facts["monitor_machine"], maxResults=1)["executions"]
        found = [execution_of(item) for item in newest]
        return found[0] if found and found[0].started >= since else None

    def _described(self, execution: Execution) -> Execution:
        return execution_of(self._sfn.describe_execution(executionArn=execution.arn))

    def _history(self, alarm: str) -> Iterator[Raised]:
        pages = self._cloudwatch.get_paginator("describe_alarm_history").paginate(
            AlarmName=alarm, HistoryItemType="StateUpdate"
        )
        for page in pages:
            for item in page["AlarmHistoryItems"]:
                new = json.loads(item["HistoryData"])["newState"]
                if new["stateValue"] == "ALARM":
                    yield Raised(self._gates[alarm], alarm, utc(item["Timestamp"]), str(new.get("stateReason", "")))

    def _run(self, folder: str, files: list[str], day: int, kind: str, said: dict[str, Any]) -> MonitorRun:
        file = f"{folder}/{kind}/constraint_violations.json"
        found = json.loads(self._objects.read(file))["violations"] if said["violations"] and file in files else []
        headline = {name: value for name, value in said.get("headline", {}).items() if value is not None}
        return MonitorRun(
            day,
            kind,
            said["status"],
            int(said["records"]),
            tuple(str(violation["constraint_check_type"]) for violation in found),
            tuple(_told(violation) for violation in found),
            headline,
        )


def _told(violation: dict[str, Any]) -> str:
    subject, description = _subject(violation), str(violation["description"])
    return description if description.startswith(subject) else f"{subject}: {description}"


def _subject(violation: dict[str, Any]) -> str:
    """Return what a violation is of: a feature or a measure, or a metric of a slice."""
    if "facet" in violation:
        return f"{violation['metric_name']} of {violation['facet']} {violation['facet_value']}"
    return str(violation.get("feature_name") or violation.get("metric_name", "violation"))


def _alarm_names(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for gate, name in facts["alarms"][_VARIANT].items():
        yield name, gate
    for names, gate in (("late_label_alarms", LABELS), ("failed_alarms", JOB), ("did_not_run_alarms", JOB)):
        yield facts[names][_VARIANT], gate


def with_standing(history: list[Raised], story: Story) -> list[Raised]:
    """Return the changes to ALARM, and where a monitor found something again while its alarm stood in ALARM still."""
    known = {(raised.name, story.judged_day(raised.at)) for raised in history}
    standing = [
        raised
        for raised in story.raised
        if (raised.name, story.judged_day(raised.at)) not in known
        and (run := story.run(story.judged_day(raised.at), raised.gate)) is not None
        and run.is_alarming
    ]
    return sorted([*history, *standing], key=lambda raised: raised.at)
