"""Say what the local AWS and its fork server tell each other: JSON, one message a line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Sandbox:
    """What a container sees in place of the host's own files and names.

    Attributes:
        ml_folder: Host folder that becomes /opt/ml.
        hosts_file: Host file that becomes /etc/hosts.
        host_name: What the container's host name is.
        read_only: Container path → host folder, mounted read-only.
    """

    ml_folder: str
    hosts_file: str
    host_name: str
    read_only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ProcessRequest:
    """One container to start, with every path and name resolved.

    Attributes:
        id: Names the container in later messages.
        command: Argument vector.
        environment: The whole environment.
        working_dir: Folder to start in, as the container sees it.
        log_path: Host file that receives standard output and error.
        cpus: CPUs it may run on; empty is all.
        image_family: Whose `train` and `serve` the commands of that name are.
        sandbox: None runs without namespaces.
        addresses: Host name → IP address, for Python code that runs without a hosts file of its own.
    """

    id: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    working_dir: str
    log_path: str
    cpus: tuple[int, ...] = ()
    image_family: str = ""
    sandbox: Sandbox | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Read a request back from its parsed JSON."""
        sandbox = fields["sandbox"] and Sandbox(**fields["sandbox"])
        lists = {"command": tuple(fields["command"]), "cpus": tuple(fields["cpus"])}
        return cls(**{**fields, **lists, "sandbox": sandbox})


@dataclass(frozen=True)
class Network:
    """The namespaces that a group's containers share: an own network, and an own user where nothing else allows it."""

    isolated: bool
    user_namespace: bool

    @property
    def is_host(self) -> bool:
        """Whether the group has no namespace of its own."""
        return not (self.isolated or self.user_namespace)


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as it travels."""
    return json.dumps(message).encode() + b"\n"


def start_message(requests: tuple[ProcessRequest, ...], network: Network) -> bytes:
    """Return the message that starts a group of containers."""
    return encode({"start": [asdict(request) for request in requests], "network": asdict(network)})


class LineBuffer:
    """Cut a byte stream into messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]
