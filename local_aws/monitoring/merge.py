"""Join captured requests with their ground truth, as the merge job of Model Monitor does before the analysis.

The merge key is a record's inferenceId, or its eventId where it has none. Requests without a label are left out.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.jobs.s3 import Location, list_prefix
from local_aws.monitoring.timing import Window


def merged(s3: Any, data: Mapping[str, str], truth: Location, window: Window, target: Location) -> dict[str, str]:
    """Write the joined records; return where they lie, as `data` does.

    Args:
        s3: A client under the monitoring role.
        data: Prefixes of captured requests → the path below the input's LocalPath to which each goes.
        truth: Prefix of the ground truth; below it are hours.
        window: When the ground truth that counts was collected.
        target: Prefix to write below.
    """
    hours = [truth.child(hour) for hour in window.hours()]
    labels = {_id_of(record): record["groundTruthData"] for hour in hours for record in _records(s3, hour)}
    found = {}
    for uri, below in data.items():
        records = [record for record in _records(s3, Location.parse(uri)) if _id_of(record) in labels]
        if records:
            place = target.child(below)
            lines = (json.dumps({**record, "groundTruthData": labels[_id_of(record)]}) + "\n" for record in records)
            s3.put_object(Bucket=place.bucket, Key=place.child("merged.jsonl").key, Body="".join(lines).encode())
            found[place.uri] = below
    return found


def _records(s3: Any, prefix: Location) -> Iterator[dict[str, Any]]:
    for item in list_prefix(s3, Location(prefix.bucket, f"{prefix.key.rstrip('/')}/")):
        body = s3.get_object(Bucket=item.bucket, Key=item.key)["Body"].read()
        for line in body.splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and _id_of(record):
                yield record


def _id_of(record: Mapping[str, Any]) -> str:
    event = record.get("eventMetadata") or {}
    return str(event.get("inferenceId") or event.get("eventId") or "")
