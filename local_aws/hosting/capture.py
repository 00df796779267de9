"""Write what clients asked and models answered to S3, in the layout and format of SageMaker's data capture.

Records wait in memory, are written about once a second, before the clock is advanced, and before an endpoint or the
server ends: what an instance answered is captured whatever becomes of the instance.
"""

import base64
import datetime as dt
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.data_plane import DataPlane
from local_aws.hosting.instance import InstancePlan
from local_aws.jobs.execution import subnets_of
from local_aws.jobs.s3 import Location
from local_aws.moto_adapters.logs import LogStream

_LOG = logging.getLogger(__name__)
_FLUSH_SECONDS = 1.0
_LARGEST_FILE = 32 << 20
_ATTEMPTS = 3


@dataclass(frozen=True)
class Exchange:
    """One request that a model answered."""

    inference_id: str
    custom_attributes: str
    content_type: str
    body: bytes
    answer_type: str
    answer: bytes


class CaptureRules:
    """What an endpoint configuration's DataCaptureConfig asks for."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.is_enabled = bool(config.get("EnableCapture", True))
        self.share = config["InitialSamplingPercentage"] / 100
        self.destination = Location.parse(config["DestinationS3Uri"])
        self.kms_key: str | None = config.get("KmsKeyId")
        modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        self._has_input = bool(modes & {"Input", "InputAndOutput"})
        self._has_output = bool(modes & {"Output", "InputAndOutput"})
        types = config.get("CaptureContentTypeHeader", {})
        self._encodings = {kind.lower(): "CSV" for kind in types.get("CsvContentTypes", ())}
        self._encodings |= {kind.lower(): "JSON" for kind in types.get("JsonContentTypes", ())}

    def selects(self) -> bool:
        """Decide whether a request is captured."""
        return self.is_enabled and (self.share >= 1 or random.random() < self.share)

    def line(self, exchange: Exchange, moment: dt.datetime) -> bytes:
        """Return the record of a request."""
        data: dict[str, Any] = {}
        if self._has_input:
            data["endpointInput"] = self._part("INPUT", exchange.content_type, exchange.body)
        if self._has_output:
            data["endpointOutput"] = self._part("OUTPUT", exchange.answer_type, exchange.answer)
        event: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if exchange.inference_id:
            event["inferenceId"] = exchange.inference_id
        if exchange.custom_attributes:
            event["customAttributes"] = [exchange.custom_attributes]
        event["inferenceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        record = {"captureData": data, "eventMetadata": event, "eventVersion": "0"}
        return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    def _part(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        encoding = self._encodings.get(content_type.lower())
        encoding = encoding or self._encodings.get(content_type.partition(";")[0].strip().lower(), "BASE64")
        try:
            text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
        except UnicodeDecodeError:
            encoding, text = "BASE64", base64.b64encode(body).decode()
        return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}


@dataclass(frozen=True)
class _Target:
    """Where a line goes: all lines of one target and flush become one object."""

    rules: CaptureRules
    plan: InstancePlan
    hour: str


class CaptureWriter:
    """The lines that are not in S3 yet. Threads add while another writes."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lines: defaultdict[_Target, list[bytes]] = defaultdict(list)
        self._attempts: dict[_Target, int] = {}
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._has_started, self._is_ending = False, threading.Event()

    def add(self, rules: CaptureRules, plan: InstancePlan, exchange: Exchange) -> None:
        """Record one request."""
        moment = self._plane.clock.now()
        line = rules.line(exchange, moment)
        with self._lock:
            self._lines[_Target(rules, plan, moment.strftime("%Y/%m/%d/%H"))].append(line)
            if not self._has_started:
                self._has_started = True
                self._plane.clock.before_advance(self.flush)
                self._plane.spawn("capture", self._run)

    def flush(self) -> None:
        """Write everything that was added before; returns when it is in S3."""
        with self._writing:
            with self._lock:
                taken = dict(self._lines)
                self._lines.clear()
            for target, lines in taken.items():
                for part in _parts(lines):
                    self._write(target, part)

    def close(self) -> None:
        """Write what is left."""
        self._is_ending.set()
        self.flush()

    def _run(self) -> None:
        while not self._is_ending.wait(_FLUSH_SECONDS):
            self.flush()

    def _write(self, target: _Target, lines: list[bytes]) -> None:
        plan, rules = target.plan, target.rules
        now = self._plane.clock.now()
        name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        place = rules.destination.child(f"{plan.endpoint.name}/{plan.variant}/{target.hour}/{name}")
        s3 = self._plane.client(
            "s3", plan.endpoint.region, plan.model["ExecutionRoleArn"], subnets=subnets_of(plan.model)
        )
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": rules.kms_key} if rules.kms_key else {}
        try:
            s3.put_object(Bucket=place.bucket, Key=place.key, Body=b"".join(lines), **extra)
        except (ClientError, BotoCoreError) as err:
            self._keep(target, lines, str(err))
        else:
            self._attempts.pop(target, None)

    def _keep(self, target: _Target, lines: list[bytes], why: str) -> None:
        """Try again at the next flush, but not forever."""
        attempts = self._attempts[target] = self._attempts.get(target, 0) + 1
        is_lost = attempts >= _ATTEMPTS
        text = f"data capture: {len(lines)} records {'are lost' if is_lost else 'wait'}: {why}"
        _LOG.warning("%s: %s", target.plan.endpoint.name, text)
        key = target.plan.endpoint
        stream = LogStream(key.account_id, key.region, target.plan.log_group, f"{target.plan.variant}/data-log")
        stream.write([(int(self._plane.clock.time() * 1000), text)])
        if not is_lost:
            with self._lock:
                self._lines[target][:0] = lines


def _parts(lines: list[bytes]) -> list[list[bytes]]:
    """Cut lines into files of a bearable size."""
    parts: list[list[bytes]] = [[]]
    size = 0
    for line in lines:
        if size and size + len(line) > _LARGEST_FILE:
            parts.append([])
            size = 0
        parts[-1].append(line)
        size += len(line)
    return parts
