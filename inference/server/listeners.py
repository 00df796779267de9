"""The sockets that the workers accept from. The supervisor owns them, so they outlive any worker."""

import os
import socket
from pathlib import Path

from inference.server.settings import ServerError, Settings

_BACKLOG = 1024


def open_listeners(settings: Settings) -> list[list[socket.socket]]:
    """Open each worker's listeners.

    On TCP each worker has its own, and the kernel spreads connections over them (SO_REUSEPORT); where the system lacks
    that, and on a Unix socket, all accept from one.

    Raises:
        ServerError: An address cannot be used.
    """
    try:
        shared = [_unix(settings.unix_socket)] if settings.unix_socket else []
        tcp = [] if settings.port is None else _tcp(settings.host, settings.port, settings.workers)
    except OSError as error:
        where = f"{settings.unix_socket or ''} {settings.host}:{settings.port}".strip()
        raise ServerError(f"cannot listen on {where}: {error.strerror or error}") from error
    return [[*shared, *tcp[worker : worker + 1]] for worker in range(settings.workers)]


def _tcp(host: str, port: int, workers: int) -> list[socket.socket]:
    spreads = hasattr(socket, "SO_REUSEPORT") and os.uname().sysname == "Linux"
    first = _listener(host, port, spreads=spreads)
    if not spreads:
        return [first] * workers
    return [first, *(_listener(host, first.getsockname()[1], spreads=True) for _ in range(workers - 1))]


def _listener(host: str, port: int, *, spreads: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if spreads:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def _unix(path: str) -> socket.socket:
    """Bind by a relative name, since a socket's path may have only some hundred characters."""
    place = Path(path).absolute()
    place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = Path.cwd()
    os.chdir(place.parent)
    try:
        listener.bind(place.name)
    finally:
        os.chdir(before)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
