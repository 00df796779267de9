"""Write log events straight into moto's CloudWatch Logs: an HTTP request per batch would cost more than the logging."""

import threading

from local_aws.moto_adapters import backends

_LOCK = threading.Lock()


class LogStream:
    """One stream of a log group; both are created with the first event."""

    def __init__(self, account_id: str, region: str, group: str, stream: str) -> None:
        self._account_id, self._region, self._group, self._stream = account_id, region, group, stream

    def write(self, events: list[tuple[int, str]]) -> None:
        """Append events: epoch milliseconds and message each."""
        with _LOCK:
            backend = backends.backend("logs", self._account_id, self._region)
            backend.ensure_log_group(self._group)
            backend.ensure_log_stream(self._group, self._stream)
            batch = [{"timestamp": moment, "message": message} for moment, message in events]
            backend.groups[self._group].put_log_events(self._stream, batch)
        backends.mark_changed("logs")
