"""Be a container's first process: enter its namespaces, start its command, pass signals on, leave nothing behind.

The command is not itself the first process, as with `docker run --init`: process 1 of a process tree ignores SIGTERM
unless it handles it, and orphans that nobody waits for would stay.
"""

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from local_aws.containers.fork_server import namespaces
from local_aws.containers.fork_server.messages import Network, ProcessRequest, encode
from local_aws.containers.fork_server.processes import end_all_children

TERMINATE, KILL = b"T", b"K"
"""Orders on the control channel. Its end means that the fork server is gone, and is a KILL too."""

SETUP_FAILED = 125
KILLED = -9


@dataclass(frozen=True)
class Started:
    """A container that was forked.

    Attributes:
        channel: Takes orders, and reports the exit code.
        pid: Of its first process; None where that process itself reports it on the channel.
    """

    channel: socket.socket
    pid: int | None


def start(
    request: ProcessRequest, network: Network, group_namespaces: list[int], run_command: Callable[[], NoReturn]
) -> Started:
    """Fork a container."""
    ours, theirs = socket.socketpair()
    needs_another_fork = request.sandbox is not None and network.user_namespace
    makes_tree = request.sandbox is not None and not network.user_namespace
    with theirs, namespaces.new_process_tree() if makes_tree else contextlib.nullcontext():
        if (child := os.fork()) == 0:
            _live(request, theirs, group_namespaces, run_command, needs_another_fork=needs_another_fork)
    if not needs_another_fork:
        return Started(ours, child)
    os.waitpid(child, 0)  # it only forked the real one, into the new process tree
    return Started(ours, None)


def _live(
    request: ProcessRequest,
    control: socket.socket,
    group_namespaces: list[int],
    run_command: Callable[[], NoReturn],
    *,
    needs_another_fork: bool,
) -> NoReturn:
    try:
        _redirect(request.log_path)
        _close_files(keep={control.fileno(), *group_namespaces})
        if request.cpus and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, request.cpus)
        if request.sandbox is None:
            namespaces.adopt_orphans()
        else:
            namespaces.join(group_namespaces)
            namespaces.isolate(with_process_tree=needs_another_fork)
            _close_files(keep={control.fileno()})
            if needs_another_fork and (child := os.fork()):
                _report(control, pid=child)
                os._exit(0)
            namespaces.furnish(request.sandbox)
        os.setsid()
        code = _supervise(control, run_command, owns_process_tree=request.sandbox is not None)
    except BaseException as error:  # noqa: BLE001 - a fork must never return into the server's loop
        os.write(2, f"container: cannot set up: {type(error).__name__}: {error}\n".encode())
        code = SETUP_FAILED
    _report(control, exit=code)
    os._exit(0)


def _redirect(log_path: str) -> None:
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


def _close_files(keep: set[int]) -> None:
    first = 3
    for file in sorted(keep):
        os.closerange(first, file)
        first = file + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _report(control: socket.socket, **fields: int) -> None:
    with contextlib.suppress(OSError):  # the fork server is gone: nobody is left to tell
        control.sendall(encode(fields))


def _supervise(control: socket.socket, run_command: Callable[[], NoReturn], *, owns_process_tree: bool) -> int:
    """Run the command to its end, obeying orders; return its exit code once no process of the container is left."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if (child := os.fork()) == 0:
        signal.set_wakeup_fd(-1)
        _close_files(keep=set())
        os.setsid()
        run_command()
    os.set_blocking(wake_read, False)
    code = _obey_until_end(control, wake_read, child)
    end_all_children(owns_process_tree=owns_process_tree)
    return code


def _obey_until_end(control: socket.socket, wake: int, child: int) -> int:
    while True:
        readable = select.select([control.fileno(), wake], [], [])[0]
        if wake in readable:
            os.read(wake, 4096)
            if (code := _reap(child)) is not None:
                return code
        if control.fileno() in readable:
            orders = control.recv(64)
            if not orders or KILL in orders:
                return KILLED
            os.kill(child, signal.SIGTERM)


def _reap(child: int) -> int | None:
    """Wait for whatever ended; return the exit code of `child` if it was among that."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
        elif pid == 0:
            return code
