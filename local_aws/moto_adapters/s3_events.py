"""Hand the events of buckets that have EventBridge switched on to the local AWS's own event bus, instead of moto's."""

from collections.abc import Callable
from typing import Any

from local_aws.clock import Clock

Emit = Callable[[str, str, dict[str, Any], list[str], str], None]
"""(source, detail type, detail, resources, region)"""

_EMITTERS: list[tuple[Clock, Emit]] = []


def hand_over(clock: Clock, emit: Emit) -> None:
    """Emit S3's events from now on; where several local AWS run in a process, by the last."""
    _EMITTERS[:] = [(clock, emit)]
    from moto.s3 import notifications  # noqa: PLC0415 - moto is imported on first use

    notifications._send_event_bridge_message = _send  # noqa: SLF001 - moto is pinned, and has no hook


def _send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    from moto.s3.notifications import _detail_type  # noqa: PLC0415

    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": {
            "key": key.name,
            "size": key.size,
            "etag": key.etag.replace('"', ""),
            "sequencer": f"{int(_EMITTERS[0][0].time() * 1e9):016X}",
            **({"version-id": key.version_id} if getattr(bucket, "is_versioned", False) else {}),
        },
        "request-id": "LOCALAWS",
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
        "reason": {"ObjectCreated": "PutObject", "ObjectRemoved": "DeleteObject"}.get(event_name.split(":")[1], ""),
    }
    _EMITTERS[0][1]("aws.s3", _detail_type(event_name), detail, [bucket.arn], bucket.region_name)
