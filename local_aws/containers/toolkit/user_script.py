"""Run the user's script in a process of its own, which the toolkit outlives to report how it ended."""

import atexit
import io
import os
import shlex
import shutil
import signal
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from local_aws.containers.fork_server import interpreter
from local_aws.containers.toolkit.errors import ExecuteUserScriptError

_SIGNAL_BASE = 128


def run(program: str, arguments: list[str], code: Path, variables: Mapping[str, str]) -> None:
    """Run a .py file as `python -m`, warm, or anything else in a shell, from the code folder.

    Raises:
        ExecuteUserScriptError: It ended with another code than 0; carries its traceback, or what it said last.
    """
    is_python = program.endswith(".py")
    if is_python:
        shown = shlex.join(["python3", "-m", program.removesuffix(".py"), *arguments])
    else:
        shown = f"/bin/sh -c {shlex.quote(shlex.join([f'./{program}', *arguments]))}"
        (code / program).chmod(0o755)
    # No TemporaryDirectory: the fork would inherit its clean-up and take the report away.
    report = Path(tempfile.mkdtemp(), "traceback")

    def become_script() -> NoReturn:
        os.chdir(code)
        os.environ.update(variables)
        if not is_python:
            os.execv("/bin/sh", ["/bin/sh", "-c", shlex.join([f"./{program}", *arguments])])  # noqa: S606
        _keep_last_words(report)
        _keep_traceback(report)
        interpreter.run(interpreter.PythonCommand("module", program.removesuffix(".py"), tuple(arguments)))

    exit_code = _run_child(become_script)
    output = report.read_text(encoding="utf-8") if report.exists() else ""
    shutil.rmtree(report.parent, ignore_errors=True)
    if exit_code == _SIGNAL_BASE + signal.SIGKILL:
        output = "The script was killed by SIGKILL; it may have run out of memory"
    if exit_code != 0:
        raise ExecuteUserScriptError(shown, exit_code, output)


def _run_child(become: Callable[[], NoReturn]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if (child := os.fork()) == 0:
        try:
            become()
        except BaseException:  # noqa: BLE001 - a fork must not return
            traceback.print_exc()
            os._exit(1)
    previous = signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.signal(signal.SIGTERM, previous)
    return code if code >= 0 else _SIGNAL_BASE - code


class _RememberingFile(io.FileIO):
    """A file that knows what was written into it last."""

    last = b""

    def write(self, data: Any, /) -> int:
        self.last = bytes(data) if bytes(data).strip() else self.last
        return super().write(data)


def _keep_last_words(report: Path) -> None:
    """Write what a script said on standard error before it called `sys.exit` to a file too, as argparse does."""
    file = _RememberingFile(2, "w", closefd=False)
    sys.stderr = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", write_through=True)

    def at_exit() -> None:
        if file.last and not report.exists():
            last = file.last.decode(errors="replace").strip().rpartition("\n")[2]
            report.write_text(last, encoding="utf-8")

    atexit.register(at_exit)


def _keep_traceback(report: Path) -> None:
    """Write an uncaught exception's traceback to a file as well as to standard error."""
    usual = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, frames: types.TracebackType | None) -> None:
        report.write_text("".join(traceback.format_exception(kind, error, frames)), encoding="utf-8")
        usual(kind, error, frames)

    sys.excepthook = excepthook
