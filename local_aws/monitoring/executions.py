"""Run monitoring executions: find the data, run the processing job, read what it found."""

import json
import logging
import threading
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError, JobFailedError
from local_aws.iam.requirements import Place
from local_aws.iam.sagemaker_requirements import platform_requirements
from local_aws.jobs.s3 import Location, list_prefix
from local_aws.monitoring.definition import Definition, resolve
from local_aws.monitoring.job_request import Plan, job_request, result_locations
from local_aws.monitoring.merge import merged
from local_aws.monitoring.timing import Window
from local_aws.sagemaker.operations import OPERATIONS, Context
from local_aws.store import Key, Record

KIND = "monitoring-execution"
ENDED = frozenset({"Completed", "CompletedWithViolations", "Failed", "Stopped"})
_VIOLATIONS_FILE = "constraint_violations.json"
_VIOLATIONS = "CompletedWithViolations"
_NO_DATA = "Job inputs had no data"
_LOG = logging.getLogger(__name__)


def run(plane: DataPlane, key: Key, schedule: Record) -> None:
    """Run an execution to its end, which its record tells.

    Args:
        plane: The data plane.
        key: Key of the execution's record.
        schedule: The schedule's record.
    """
    try:
        status, reason = _Run(plane, key, schedule).run()
    except (JobFailedError, ApiError, ClientError, BotoCoreError) as err:
        status, reason = "Failed", str(err)
    except Exception as err:  # noqa: BLE001 - the boundary of an execution
        _LOG.exception("the monitoring execution %s crashed", key.name)
        status, reason = "Failed", f"InternalServerError: the local AWS failed: {type(err).__name__}: {err}"
    change(plane, key, MonitoringExecutionStatus=status, **({"FailureReason": reason[:1024]} if reason else {}))


def change(plane: DataPlane, key: Key, **fields: Any) -> None:
    """Change an execution's record, where it is still there."""
    if plane.store.get(key) is not None:
        plane.store.update(key, lambda record: record.update(fields, LastModifiedTime=plane.clock.now()))


class _Run:
    """One execution."""

    def __init__(self, plane: DataPlane, key: Key, schedule: Record) -> None:
        self._plane, self._key, self._schedule = plane, key, schedule
        self._context = Context(key.account_id, key.region, plane)

    def run(self) -> tuple[str, str]:
        """Return the status and the reason of a failure."""
        change(self._plane, self._key, MonitoringExecutionStatus="InProgress")
        definition = resolve(self._context, self._schedule["MonitoringScheduleConfig"])
        s3 = self._plane.client("s3", self._key.region, definition.request["RoleArn"])
        plan = self._plan(definition, s3)
        if not plan.data:
            return "Failed", _NO_DATA
        job = self._job(job_request(definition, plan))
        if job["ProcessingJobStatus"] != "Completed":
            reason = job.get("FailureReason") or job.get("ExitMessage") or ""
            return "Stopped" if job["ProcessingJobStatus"] == "Stopped" else "Failed", reason
        has_told = str(job.get("ExitMessage", "")).startswith(_VIOLATIONS)
        has_violations = has_told or any(_has_violations(s3, place) for place in result_locations(definition, plan))
        return _VIOLATIONS if has_violations else "Completed", ""

    def _plan(self, definition: Definition, s3: Any) -> Plan:
        config, execution = self._schedule["MonitoringScheduleConfig"], self._plane.store.get(self._key) or {}
        given, scheduled = definition.endpoint_input, execution["ScheduledTime"]
        window = Window.of(scheduled, config["ScheduleConfig"], given)
        capture = self._capture(given["EndpointName"])
        data = _captured(s3, capture, given["EndpointName"], window)
        name = self._schedule["MonitoringScheduleName"]
        if data and definition.ground_truth:
            folder = f"{given['EndpointName']}/{name}/{scheduled:%Y/%m/%d/%H}/merge"
            target = Location.parse(definition.output["MonitoringOutputs"][0]["S3Output"]["S3Uri"]).child(folder)
            # Labels lie under the hour in which they were collected, which is later than the request's.
            labelled = Window(window.start, scheduled)
            data = merged(s3, data, Location.parse(definition.ground_truth), labelled, target)
        return Plan(name, self._schedule["MonitoringScheduleArn"], scheduled, window, capture, data)

    def _capture(self, endpoint: str) -> Location:
        """Return where an endpoint's captured requests lie, all of which are there now.

        Raises:
            JobFailedError: It captures none.
        """
        record = self._plane.store.get(self._context.key("endpoint", endpoint))
        if record is None:
            raise JobFailedError(f"ClientError: the endpoint {endpoint} does not exist.")
        config = record.get("DataCaptureConfig") or {}
        if not config.get("DestinationS3Uri"):
            raise JobFailedError(f"ClientError: data capture is not enabled on the endpoint {endpoint}.")
        self._plane.endpoints.capture(self._plane).flush()
        return Location.parse(config["DestinationS3Uri"])

    def _job(self, request: dict[str, Any]) -> Record:
        """Run a processing job; return its record at its end."""
        name, role, place = request["ProcessingJobName"], request["RoleArn"], self._place
        needed = platform_requirements("CreateProcessingJob", request, place)
        if denial := self._plane.denial_of_role(role, "sagemaker:CreateMonitoringSchedule", needed, place.region):
            raise JobFailedError(f"ClientError: {denial}")
        arn = OPERATIONS["CreateProcessingJob"](self._context, request)["ProcessingJobArn"]
        change(self._plane, self._key, ProcessingJobArn=arn)
        ended = {"Completed", "Failed", "Stopped"}
        job = self._plane.store.wait(
            self._context.key("processing-job", name), lambda record: record["ProcessingJobStatus"] in ended
        )
        assert job is not None, "it is waited for without a limit"
        return job

    @property
    def _place(self) -> Place:
        return Place(self._key.account_id, self._key.region)


def _captured(s3: Any, capture: Location, endpoint: str, window: Window) -> dict[str, str]:
    """Return the prefixes of captured requests that have any: of each variant and hour."""
    base = capture.child(f"{endpoint}/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=base.bucket, Prefix=base.key, Delimiter="/")
    variants = [
        item["Prefix"].rstrip("/").rpartition("/")[2] for page in pages for item in page.get("CommonPrefixes", ())
    ]
    found = {}
    for variant in variants:
        for hour in window.hours():
            place = capture.child(f"{endpoint}/{variant}/{hour}")
            if s3.list_objects_v2(Bucket=place.bucket, Prefix=f"{place.key}/", MaxKeys=1).get("KeyCount"):
                found[place.uri] = f"{endpoint}/{variant}/{hour}"
    return found


def _has_violations(s3: Any, place: Location) -> bool:
    for item in list_prefix(s3, place):
        if item.key.endswith(_VIOLATIONS_FILE):
            body = s3.get_object(Bucket=item.bucket, Key=item.key)["Body"].read()
            try:
                document = json.loads(body)
            except ValueError as err:
                raise JobFailedError(f"AlgorithmError: s3://{item.bucket}/{item.key} is no JSON: {err}") from err
            if isinstance(document, dict) and document.get("violations"):
                return True
    return False


class Turns:
    """Let the executions of one schedule run one after the other."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._busy: set[Key] = set()

    def take(self, schedule: Key) -> bool:
        """Take a schedule's turn; False where somebody has it."""
        with self._guard:
            is_free = schedule not in self._busy
            self._busy.add(schedule)
            return is_free

    def give_back(self, schedule: Key) -> None:
        """End the turn."""
        with self._guard:
            self._busy.discard(schedule)
