"""Read what the monitoring did: runs of the night, reports, alarms, the retraining."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipelines.demo.objects import Objects
from pipelines.demo_drift.scenarios import JOB, JOB_BROKEN, LABELS
from pipelines.demo_drift.story import Execution, MonitorRun, Raised, Registered, Retraining, Story
from pipelines.errors import ExecutionFailedError
from pipelines.names import PIPELINE_NAME
from pipelines.targets import Target

_NIGHT_SECONDS, _TRAINING_SECONDS, _POLL = 300.0, 300.0, 0.2
_NO_REASON = "none"
_MEASURES = ("auc", "log_loss")
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
        self._wait_for_training()
        for day in range(1, story.days + 1):
            story.runs += self.report(story, day)
        story.notes[JOB_BROKEN] = self._failures()
        story.raised = with_standing(self.alarms(), story)
        story.retraining = self.retraining()

    def _failures(self) -> str:
        """Return what the failed jobs of the monitors said."""
        listed = self._sagemaker.list_processing_jobs(NameContains="monitor-", StatusEquals="Failed")
        names = [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]]
        told = [self._sagemaker.describe_processing_job(ProcessingJobName=name) for name in names]
        return " ".join(dict.fromkeys(str(job.get("ExitMessage") or job.get("FailureReason", "")) for job in told))

    def retraining(self) -> Retraining:
        """Return what the alarms set in motion so far."""
        asked = [self._asked(execution) for execution in self._executions(self._facts["retrain_machine"])]
        told = Retraining(asked=sorted(asked, key=lambda execution: execution.started))
        told.executions = sorted(self._trainings(), key=lambda execution: execution.started)
        told.registered = [package for execution in told.executions for package in self._registered(execution.arn)]
        return told

    def _wait_for_training(self) -> None:
        end = time.monotonic() + _TRAINING_SECONDS
        while any(execution.ended is None for execution in self._trainings()) and time.monotonic() < end:
            time.sleep(_POLL * 5)

    def _newest_night(self, since: datetime) -> Execution | None:
        newest = self._sfn.list_executions(stateMachineArn=self._facts["monitor_machine"], maxResults=1)["executions"]
        found = [_execution(item) for item in newest]
        return found[0] if found and found[0].started >= since else None

    def _described(self, execution: Execution) -> Execution:
        return _execution(self._sfn.describe_execution(executionArn=execution.arn))

    def _executions(self, machine: str) -> Iterator[Execution]:
        pages = self._sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
        for page in pages:
            yield from map(_execution, page["executions"])

    def _asked(self, execution: Execution) -> Execution:
        """Return an execution of the retraining machine with the alarm that asked, and what came of it."""
        told = self._sfn.describe_execution(executionArn=execution.arn)
        came = json.loads(told["output"]).get("outcome", "") if told.get("output") else told["status"]
        return replace(execution, status=str(came), reason=str(json.loads(told["input"])["alarm"]))

    def _history(self, alarm: str) -> Iterator[Raised]:
        pages = self._cloudwatch.get_paginator("describe_alarm_history").paginate(
            AlarmName=alarm, HistoryItemType="StateUpdate"
        )
        for page in pages:
            for item in page["AlarmHistoryItems"]:
                new = json.loads(item["HistoryData"])["newState"]
                if new["stateValue"] == "ALARM":
                    yield Raised(self._gates[alarm], alarm, _utc(item["Timestamp"]), str(new.get("stateReason", "")))

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
            tuple(f"{_subject(violation)}: {violation['description']}" for violation in found),
            headline,
        )

    def _trainings(self) -> Iterator[Execution]:
        pages = self._sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=PIPELINE_NAME)
        for page in pages:
            for item in page["PipelineExecutionSummaries"]:
                reason = self._reason(item["PipelineExecutionArn"])
                if reason != _NO_REASON:
                    yield self._training(item["PipelineExecutionArn"], reason)

    def _reason(self, arn: str) -> str:
        listed = self._sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
        given = {item["Name"]: item["Value"] for item in listed["PipelineParameters"]}
        return str(given.get("RetrainingReason", _NO_REASON))

    def _training(self, arn: str, reason: str) -> Execution:
        told = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = told["PipelineExecutionStatus"]
        ended = _utc(told["LastModifiedTime"]) if status not in ("Executing", "Stopping") else None
        return Execution(arn, status, _utc(told["CreationTime"]), ended, reason)

    def _registered(self, execution: str) -> Iterator[Registered]:
        steps = self._sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
        for step in steps:
            if "RegisterModel" not in step.get("Metadata", {}):
                continue
            arn = str(step["Metadata"]["RegisterModel"]["Arn"])
            package = self._sagemaker.describe_model_package(ModelPackageName=arn)
            properties = package.get("CustomerMetadataProperties", {})
            measures = {name: float(properties[name]) for name in _MEASURES if name in properties}
            reason = str(properties.get("retraining_reason", ""))
            yield Registered(arn, _utc(package["CreationTime"]), reason, measures)


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


def _execution(item: dict[str, Any]) -> Execution:
    ended = item.get("stopDate")
    return Execution(item["executionArn"], item["status"], _utc(item["startDate"]), _utc(ended) if ended else None)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
