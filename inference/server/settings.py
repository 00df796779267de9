"""Settings of the server: options, then SageMaker's environment variables, then defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MODEL_DIR = "model"


class ServerError(Exception):
    """The server cannot start, or cannot keep going."""


@dataclass(frozen=True)
class Settings:
    """Where the server listens, and with how many workers.

    Attributes:
        unix_socket: Path of a Unix socket to listen on; with it, TCP only where a port is named.
        port: TCP port; 0 takes a free one, None listens on no TCP port.
        drain_seconds: After SIGTERM requests in flight have so long; SageMaker kills a container after 30 seconds.
        idle_seconds: A connection without a request is closed after this.
        request_seconds: A request has to arrive in full within this; SageMaker's own limit for an answer.
    """

    model_dir: Path
    host: str = "127.0.0.1"
    port: int | None = 8080
    unix_socket: str = ""
    workers: int = 1
    drain_seconds: float = 20.0
    idle_seconds: float = 300.0
    request_seconds: float = 60.0

    @classmethod
    def read(cls, options: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            ServerError: A value cannot be used.
        """

        def pick(option: str, variable: str, default: str) -> tuple[str, str]:
            if given := options.get(option):
                return given, f"--{option.replace('_', '-')}"
            return environ.get(variable) or default, variable

        base = environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml"
        # LOCAL_AWS_SERVE_SOCKET: a host that reaches its containers through files sets it.
        unix_socket = pick("unix_socket", "LOCAL_AWS_SERVE_SOCKET", "")[0]
        port_text = pick("port", "SAGEMAKER_BIND_TO_PORT", "" if unix_socket else "8080")
        drain = environ.get("SERVER_DRAIN_SECONDS") or "20"
        return cls(
            model_dir=Path(pick("model_dir", "SM_MODEL_DIR", str(Path(base, _MODEL_DIR)))[0]),
            host=pick("host", "SERVER_HOST", "127.0.0.1")[0],
            port=_whole(*port_text, 0, 65_535) if port_text[0] else None,
            unix_socket=unix_socket,
            workers=_whole(*pick("workers", "SAGEMAKER_MODEL_SERVER_WORKERS", str(_cpus())), 1, 256),
            drain_seconds=_whole(drain, "SERVER_DRAIN_SECONDS", 0, 3_600),
        )


def _cpus() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _whole(text: str, name: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdecimal() and lowest <= int(text) <= highest):
        raise ServerError(f"{name} is {text!r}; allowed is a whole number from {lowest} to {highest}")
    return int(text)
