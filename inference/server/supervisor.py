"""Keep the workers running: load the model once, fork, replace a worker that dies, pass on SIGTERM."""

import gc
import importlib.util
import logging
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from inference.engine.kernel_store import CompilationError, compile_kernels, kernel_folder
from inference.model import ServedModel, load_model
from inference.server.listeners import open_listeners
from inference.server.settings import ServerError, Settings

_LOG = logging.getLogger(__name__)
_PACKAGES = ("httptools", "uvloop")
# So many deaths within so many seconds are no accident: the platform shall replace the container.
_MAX_DEATHS, _DEATH_SECONDS = 20, 30.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Workers get their own limit; the supervisor waits a little longer before it kills.
_GRACE_SECONDS = 2.0


def serve(settings: Settings, environ: Mapping[str, str]) -> int:
    """Serve until SIGTERM.

    Raises:
        ServerError: A package is not installed, an address is taken, or the workers keep dying.
        ModelError: The model cannot be served.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ServerError(
            f"{', '.join(missing)} not installed; install the dependency group `serving` of pyproject.toml"
        )
    model = load_model(settings.model_dir, _with_engine(environ))
    listeners = open_listeners(settings)
    # The model's pages stay shared with the workers only if the collector does not write into them.
    gc.collect()
    gc.freeze()
    _announce(model, settings, listeners)
    try:
        return _Supervisor(model, settings, listeners).run()
    finally:
        if settings.unix_socket:
            Path(settings.unix_socket).unlink(missing_ok=True)


def _with_engine(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Compile the engine's loops before the model is loaded: a thread that did it later would not survive the fork."""
    if environ.get("MODEL_ENGINE") == "xgboost":
        return environ
    try:
        compile_kernels(kernel_folder(environ))
    except CompilationError as error:
        _LOG.warning("engine: xgboost, because of this: %s", error)
        return {**environ, "MODEL_ENGINE": "xgboost"}
    return environ


class _Supervisor:
    def __init__(self, model: ServedModel, settings: Settings, listeners: Sequence[list[socket.socket]]) -> None:
        self._model = model
        self._settings = settings
        self._listeners = listeners
        self._workers: dict[int, int] = {}
        self._deaths: deque[float] = deque(maxlen=_MAX_DEATHS)
        self._deadline = 0.0

    def run(self) -> int:
        """Fork, then react to signals."""
        reader, writer = os.pipe()
        for end in (reader, writer):
            os.set_blocking(end, False)
        for number in (signal.SIGCHLD, *_STOP_SIGNALS):
            signal.signal(number, _note)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for slot in range(self._settings.workers):
            self._fork(slot)
        while self._workers:
            timeout = max(self._deadline - time.monotonic(), 0.0) if self._deadline else None
            select.select([reader], [], [], timeout)
            numbers = _read(reader)
            if not self._deadline and any(number in _STOP_SIGNALS for number in numbers):
                self._stop()
            if self._deadline and time.monotonic() >= self._deadline:
                self._signal(signal.SIGKILL)
            self._reap()
        return 0

    def _fork(self, slot: int) -> None:
        parent = os.getpid()
        # The child inherits handlers that only take note; it unblocks when it has its own.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
            self._workers[pid] = slot
            return
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            from inference.server.worker import run  # noqa: PLC0415 - needs uvloop

            own = self._listeners[slot]
            for listener in self._sockets() - set(own):
                listener.close()
            run(self._model, self._settings, own, parent)
            code = 0
        except Exception:  # noqa: BLE001 - the process ends here; its log must say why
            _LOG.exception("worker %d failed", slot)
        finally:
            # Nothing of the supervisor may run in its child.
            os._exit(code)

    def _stop(self) -> None:
        self._deadline = time.monotonic() + self._settings.drain_seconds + _GRACE_SECONDS
        # New clients are refused at once instead of waiting for nobody.
        for listener in self._sockets():
            listener.close()
        self._signal(signal.SIGTERM)

    def _sockets(self) -> set[socket.socket]:
        return {listener for own in self._listeners for listener in own}

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, number)

    def _reap(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            slot = self._workers.pop(pid, None)
            if slot is not None and not self._deadline:
                self._replace(slot, status)

    def _replace(self, slot: int, status: int) -> None:
        _LOG.warning("worker %d ended with %d; another one takes its place", slot, os.waitstatus_to_exitcode(status))
        self._deaths.append(time.monotonic())
        if len(self._deaths) == _MAX_DEATHS and self._deaths[-1] - self._deaths[0] < _DEATH_SECONDS:
            self._signal(signal.SIGKILL)
            raise ServerError(f"{_MAX_DEATHS} workers ended within {_DEATH_SECONDS:g} seconds; the log has the reasons")
        self._fork(slot)


def _announce(model: ServedModel, settings: Settings, listeners: Sequence[list[socket.socket]]) -> None:
    places = sorted({_place(listener) for own in listeners for listener in own})
    _LOG.info("serving model version %s by engine %s", model.version, model.engine.name)
    _LOG.info("%d workers listen on %s", settings.workers, ", ".join(places))


def _place(listener: socket.socket) -> str:
    name = listener.getsockname()
    return f"unix:{name}" if isinstance(name, str) else f"http://{name[0]}:{name[1]}"


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 4096)
    except BlockingIOError:
        return b""


def _note(_number: int, _frame: FrameType | None) -> None:
    """The wake-up pipe has the number; without a handler the signal would not get there."""
