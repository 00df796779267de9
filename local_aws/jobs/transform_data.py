"""Cut an input file into payloads for the model, and put its answers together again."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.errors import JobFailedError
from local_aws.jobs import json_path
from local_aws.store import Record

_MEGABYTE = 1 << 20
_DEFAULT_PAYLOAD_MB = 6
_JSON_TYPES = ("application/json", "application/jsonlines", "application/jsonl")


@dataclass(frozen=True)
class Payload:
    """One request to the model: its body, and the records as they were before the input filter."""

    body: bytes
    records: list[bytes]


class TransformData:
    """How one transform job cuts, filters, joins and assembles."""

    def __init__(self, job: Record) -> None:
        given, output, processing = job["TransformInput"], job["TransformOutput"], job.get("DataProcessing", {})
        self.content_type: str = given.get("ContentType", "application/octet-stream")
        self.accept: str = output.get("Accept", "")
        self._is_split = given.get("SplitType", "None") == "Line"
        self._is_single = job.get("BatchStrategy") == "SingleRecord"
        self._is_line = output.get("AssembleWith", "None") == "Line"
        # 0 is "no limit" on SageMaker.
        self._limit = job.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB) * _MEGABYTE or float("inf")
        self._input_filter = json_path.parse(processing.get("InputFilter", "$"))
        self._output_filter = json_path.parse(processing.get("OutputFilter", "$"))
        self._is_joined = processing.get("JoinSource") == "Input"

    def payloads(self, content: bytes, name: str) -> Iterator[Payload]:
        """Cut a file's content into payloads of at most MaxPayloadInMB.

        Raises:
            JobFailedError: One record is larger than that.
        """
        records = [line for line in content.splitlines() if line] if self._is_split else [content]
        batch: list[bytes] = []
        bodies: list[bytes] = []
        size = 0
        for record in records:
            body = self._filtered(record)
            if len(body) > self._limit:
                raise JobFailedError(
                    f"ClientError: {name}: a record of {len(body)} bytes is larger than MaxPayloadInMB allows"
                )
            if batch and (self._is_single or size + len(body) + 1 > self._limit):
                yield Payload(b"\n".join(bodies), batch)
                batch, bodies, size = [], [], 0
            batch.append(record)
            bodies.append(body)
            size += len(body) + 1
        if batch:
            yield Payload(b"\n".join(bodies), batch)

    def result(self, payload: Payload, answer: bytes, name: str) -> bytes:
        """Return what the output file holds for one answered payload."""
        if self._is_joined or self._output_filter:
            answers = self._answers(payload, answer, name)
            answer = b"\n".join(self._joined(r, a) for r, a in zip(payload.records, answers, strict=True))
        if self._is_line:
            return answer.rstrip(b"\n") + b"\n"
        return answer

    def _filtered(self, record: bytes) -> bytes:
        if not self._input_filter:
            return record
        chosen = json_path.select(self._input_filter, _decoded(record, self.content_type))
        return _encoded(chosen, self.content_type)

    def _answers(self, payload: Payload, answer: bytes, name: str) -> list[bytes]:
        answers = answer.splitlines() if self._is_split else [answer]
        if len(answers) != len(payload.records):
            raise JobFailedError(
                f"ClientError: {name}: Fail to join data: mismatched line count between the input "
                f"({len(payload.records)}) and the output ({len(answers)})"
            )
        return answers

    def _joined(self, record: bytes, answer: bytes) -> bytes:
        kind = self.accept or self.content_type
        value = _decoded(answer, kind)
        if self._is_joined and _is_json(self.content_type):
            source = _decoded(record, self.content_type)
            whole = source if isinstance(source, dict) else {"SageMakerInput": source}
            value = {**whole, "SageMakerOutput": value}
            kind = self.content_type
        elif self._is_joined:
            value = [*_decoded(record, self.content_type), *(value if isinstance(value, list) else [value])]
            kind = self.content_type
        return _encoded(json_path.select(self._output_filter, value), kind)


def _is_json(kind: str) -> bool:
    return kind.split(";", maxsplit=1)[0].strip() in _JSON_TYPES


def _decoded(record: bytes, kind: str) -> Any:
    text = record.decode()
    try:
        return json.loads(text) if _is_json(kind) else next(csv.reader([text]), [])
    except ValueError as err:
        raise JobFailedError(f"ClientError: a record is not valid {kind}: {text[:80]!r}") from err


def _encoded(value: Any, kind: str) -> bytes:
    if _is_json(kind):
        return json.dumps(value, separators=(",", ":")).encode()
    cells = value if isinstance(value, list) else [value]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue().encode()
