"""Break the platform as people break it, and mend it: a configuration without capture, a state overwritten."""

import time
from typing import Any, Protocol

from pipelines.demo.objects import Objects
from pipelines.errors import ExecutionFailedError
from pipelines.targets import Target

_UPDATE_SECONDS, _POLL = 120, 0.2
_LONGEST_NAME = 63
_STATE = "/state/"
_CREATED_BY_AWS = ("EndpointConfigArn", "CreationTime", "ResponseMetadata", "EndpointConfigName")


class Breakage(Protocol):
    """Something that goes wrong with the platform itself."""

    def plant(self) -> None:
        """Let it go wrong."""

    def mend(self) -> None:
        """Put it right again."""


class CaptureStopped:
    """Somebody updates the endpoint by hand, with a configuration that captures nothing."""

    def __init__(self, target: Target, endpoint: str) -> None:
        self._sagemaker, self._endpoint = target.client("sagemaker"), endpoint
        self._good = ""

    def plant(self) -> None:
        """Make the configuration once more without capture, and update the endpoint."""
        self._good = str(self._sagemaker.describe_endpoint(EndpointName=self._endpoint)["EndpointConfigName"])
        described = self._sagemaker.describe_endpoint_config(EndpointConfigName=self._good)
        config: dict[str, Any] = {name: value for name, value in described.items() if name not in _CREATED_BY_AWS}
        config["DataCaptureConfig"]["EnableCapture"] = False
        self._sagemaker.create_endpoint_config(EndpointConfigName=self._without_capture, **config)
        self._update(self._without_capture)

    def mend(self) -> None:
        """Go back to the configuration of the release, and remove the other one."""
        self._update(self._good)
        self._sagemaker.delete_endpoint_config(EndpointConfigName=self._without_capture)

    @property
    def _without_capture(self) -> str:
        suffix = "-no-capture"
        return self._good[: _LONGEST_NAME - len(suffix)] + suffix

    def _update(self, config: str) -> None:
        self._sagemaker.update_endpoint(EndpointName=self._endpoint, EndpointConfigName=config)
        end = time.monotonic() + _UPDATE_SECONDS
        while time.monotonic() < end:
            status = self._sagemaker.describe_endpoint(EndpointName=self._endpoint)["EndpointStatus"]
            if status == "InService":
                return
            if status not in ("Updating", "Creating"):
                break
            time.sleep(_POLL)
        raise ExecutionFailedError(f"the endpoint {self._endpoint} did not take the configuration {config}: {status}")


class StateOverwritten:
    """A script overwrites what the last run left for the next one, so that the night's job cannot go on.

    Args:
        reports: S3 URI below which the monitors write, of one variant.
    """

    def __init__(self, target: Target, reports: str) -> None:
        self._objects, self._reports = Objects(target.client("s3")), reports
        self._good: dict[str, bytes] = {}

    def plant(self) -> None:
        """Overwrite the newest state."""
        states = [uri for uri in self._objects.list(self._reports) if _STATE in uri]
        newest = max(uri.partition(_STATE)[0] for uri in states)
        self._good = {uri: self._objects.read(uri) for uri in states if uri.startswith(newest + _STATE)}
        for uri in self._good:
            self._objects.write(uri, b"TODO: scratch file, delete\n")

    def mend(self) -> None:
        """Restore it."""
        for uri, body in self._good.items():
            self._objects.write(uri, body)
