"""Run a container's command in the forked child: warm where it is Python, by exec otherwise."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from local_aws.containers.fork_server import interpreter
from local_aws.containers.fork_server.messages import ProcessRequest
from local_aws.containers.fork_server.warmup import WarmLibraries

NOT_FOUND, NOT_EXECUTABLE = 127, 126

Program = Callable[[str], int]
"""A toolkit command: called with the image family, returns the exit code."""


def run(request: ProcessRequest, libraries: WarmLibraries, programs: Mapping[str, Program]) -> NoReturn:
    """Turn this process into a container's main process."""
    try:
        _enter_folder(request.working_dir)
        _take_environment(request.environment)
        program = programs.get(request.command[0]) if request.image_family else None
        command = interpreter.parse(request.command, request.environment)
        if program is None and command is None:
            _execute(request)
        libraries.use_threads(request.environment)
        interpreter.become_fresh(request.environment)
        _resolve_names(request.addresses)
    except BaseException as error:  # noqa: BLE001 - a fork must never return into the server's loop
        _fail(f"{type(error).__name__}: {error}", NOT_EXECUTABLE)
    if program is not None:
        family = request.image_family
        interpreter.finish(lambda: sys.exit(program(family)))
    assert command is not None
    interpreter.run(command)


def _enter_folder(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        _fail(f"cannot enter the working directory {folder}: {error.strerror}", NOT_EXECUTABLE)


def _take_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _execute(request: ProcessRequest) -> NoReturn:
    for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    name, *arguments = request.command
    program = sys.executable if interpreter.is_python(name) else name
    try:
        os.execvpe(program, [name if program == name else program, *arguments], dict(request.environment))  # noqa: S606
    except FileNotFoundError:
        _fail(f'exec: "{name}": executable file not found in $PATH', NOT_FOUND)
    except OSError as error:
        _fail(f'exec: "{name}": {error.strerror}', NOT_EXECUTABLE)


def _resolve_names(addresses: Mapping[str, str]) -> None:
    """Let Python code resolve the group's host names where no hosts file of our own can be mounted."""
    if not addresses:
        return
    by_address, by_name = socket.getaddrinfo, socket.gethostbyname

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        return by_address(addresses.get(host, host), *arguments, **options)

    socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = lambda host: addresses.get(host) or by_name(host)


def _fail(message: str, code: int) -> NoReturn:
    os.write(2, f"container: {message}\n".encode())
    os._exit(code)
