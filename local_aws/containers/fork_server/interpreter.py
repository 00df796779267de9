"""Run a Python command line inside a forked, pre-imported process as the interpreter itself would."""

import atexit
import builtins
import importlib.machinery
import io
import os
import random
import re
import runpy
import signal
import sys
import tempfile
import threading
import types
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_HARMLESS_OPTIONS = {"-u", "-B"}
# Read before the first line of Python runs, so a fork cannot honour them.
_STARTUP_VARIABLES = re.compile(
    r"LD_.*|DYLD_.*|PYTHON(HASHSEED|HOME|MALLOC|WARNINGS|OPTIMIZE|DEVMODE|UTF8|TRACEMALLOC)"
)
_USAGE_ERROR = 2


@dataclass(frozen=True)
class PythonCommand:
    """A Python command line, taken apart."""

    kind: Literal["script", "module", "code"]
    target: str
    arguments: tuple[str, ...]


def is_python(program: str) -> bool:
    """Whether a program's name is that of a Python interpreter, wherever the image has it."""
    return _PYTHON.fullmatch(Path(program).name) is not None


def parse(command: Sequence[str], environment: Mapping[str, str]) -> PythonCommand | None:
    """Return what a command line asks of Python, or None where only a new interpreter can do it."""
    if not is_python(command[0]) or any(_STARTUP_VARIABLES.fullmatch(name) for name in environment):
        return None
    rest = list(command[1:])
    while rest and rest[0] in _HARMLESS_OPTIONS:
        rest.pop(0)
    if not rest:
        return None
    if rest[0] in {"-m", "-c"} and len(rest) > 1:
        return PythonCommand("module" if rest[0] == "-m" else "code", rest[1], tuple(rest[2:]))
    return None if rest[0].startswith("-") else PythonCommand("script", rest[0], tuple(rest[1:]))


def run(command: PythonCommand) -> NoReturn:
    """Run a command as the process's main program, and end the process."""
    finish(lambda: _run_main(command))


def finish(body: Callable[[], None]) -> NoReturn:
    """Call a function as the process's main program, and end the process as the interpreter would."""
    code = 1
    try:
        code = _exit_code(body)
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for threads as the interpreter does
        atexit._run_exitfuncs()  # noqa: SLF001 - likewise
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def become_fresh(environment: Mapping[str, str]) -> None:
    """Forget what this fork inherited: random state, buffers, signal handlers, the server's own modules."""
    for number in {signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    random.seed()
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    tempfile.tempdir = None  # it may have been looked up in another environment
    _hide_the_local_aws()
    sys.path[0:0] = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.stdout = sys.__stdout__ = _unbuffered(1, "strict")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _unbuffered(2, "backslashreplace")  # type: ignore[misc]


def _unbuffered(file: int, errors: str) -> io.TextIOWrapper:
    """Return a text stream as the interpreter makes it under PYTHONUNBUFFERED."""
    raw = io.FileIO(file, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, write_through=True)


def _hide_the_local_aws() -> None:
    """Make the local AWS, which this process has loaded, unknown to the job."""
    own = __name__.partition(".")[0]
    repository = str(Path(__file__).resolve().parents[3])
    sys.path[:] = [entry for entry in sys.path if entry != repository]
    for name in [name for name in sys.modules if name.partition(".")[0] == own]:
        del sys.modules[name]


def _run_main(command: PythonCommand) -> None:
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main
    if command.kind == "module":
        _run_module(command)
    elif command.kind == "code":
        _set_arguments("-c", command, "")
        exec(compile(command.target, "<string>", "exec"), main.__dict__)  # noqa: S102 - this is `python -c`
    else:
        _run_script(command, main)


def _run_module(command: PythonCommand) -> None:
    _set_arguments("-m", command, str(Path.cwd()))
    runpy._run_module_as_main(command.target)  # type: ignore[attr-defined]  # noqa: SLF001 - what `python -m` calls


def _run_script(command: PythonCommand, main: types.ModuleType) -> None:
    path = Path(command.target)
    if path.is_dir() or (path.is_file() and _is_archive(path)):
        _set_arguments(command.target, command, command.target)
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]  # noqa: SLF001 - likewise
        return
    try:
        source = path.read_bytes()
    except OSError as error:
        message = f"can't open file {str(path.absolute())!r}: [Errno {error.errno}] {error.strerror}"
        sys.stderr.write(f"{sys.executable}: {message}\n")
        raise SystemExit(_USAGE_ERROR) from None
    _set_arguments(command.target, command, str(path.resolve().parent))
    file = str(path.absolute())
    loader = importlib.machinery.SourceFileLoader("__main__", file)
    main.__dict__.update(__file__=file, __loader__=loader, __spec__=None, __cached__=None)
    exec(compile(source, file, "exec", dont_inherit=True), main.__dict__)  # noqa: S102 - this is `python script.py`


def _is_archive(path: Path) -> bool:
    return path.suffix != ".py" and zipfile.is_zipfile(path)


def _set_arguments(name: str, command: PythonCommand, first_path: str) -> None:
    sys.argv[:] = [name, *command.arguments]
    sys.path.insert(0, first_path)


def _exit_code(body: Callable[[], None]) -> int:
    try:
        body()
    except SystemExit as error:
        return _status(error.code)
    except BaseException as error:  # noqa: BLE001 - the interpreter's own last resort
        sys.excepthook(type(error), _as_the_user_sees(error), error.__traceback__)
        return 1
    return 0


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1


def _as_the_user_sees(error: BaseException) -> BaseException:
    """Cut this module's own frames off an error's traceback."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return error.with_traceback(frames)
