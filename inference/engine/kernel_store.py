"""Keep the compiled loops on disk, so that one process compiles and all others load.

The folder's name is a hash of the source, of numba's version and of the CPU: another of these means another folder.
It lies below NUMBA_CACHE_DIR where that is set, else below the user's cache folder. A serving image compiles at build
time by `python -m inference.engine`. Machine code from a folder that another user owns is never loaded.
"""

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

_SOURCES = tuple(Path(__file__).with_name(f"{name}_kernels.py") for name in ("tree", "text"))
# Machine code refers to its module by name: it must be one that no other module has.
_PREFIX = "inference_engine_"
_COMPILE_SECONDS = 300
# Whole seconds, because layers of container images keep no fractions: numba compares the source's time.
_SOURCE_TIME = 1_600_000_000


_LOADED: list["Kernels"] = []


class CompilationError(Exception):
    """The loops cannot be compiled here; the text says why."""


def kernel_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of these loops on this machine; made where it is missing.

    Raises:
        CompilationError: numba is not installed, or no folder can be written.
    """
    try:
        version = metadata.version("numba")
    except metadata.PackageNotFoundError:
        raise CompilationError("numba is not installed") from None
    parts = [*(source.read_bytes() for source in _SOURCES), version.encode(), _machine()]
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    for root in _roots(environ):
        folder = root / name
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    raise CompilationError("no cache folder can be written; set NUMBA_CACHE_DIR to one that can")


def is_compiled(folder: Path) -> bool:
    """Whether a process has compiled the loops to the end."""
    return _stamp(folder).exists()


def compile_kernels(folder: Path) -> None:
    """Compile in a process of its own, one at a time; return at once where another has done it.

    Raises:
        CompilationError: It failed.
    """
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_compiled(folder):
            return
        for source in _SOURCES:
            copy = folder / (_PREFIX + source.name)
            shutil.copyfile(source, copy)
            os.utime(copy, (_SOURCE_TIME, _SOURCE_TIME))
        modules = ", ".join(_PREFIX + source.stem for source in _SOURCES)
        _run([sys.executable, "-c", f"import sys; sys.path.insert(0, ''); import {modules}"], folder)
        _stamp(folder).touch()


@dataclass(frozen=True)
class Kernels:
    """The compiled loops."""

    trees: Any
    text: Any


def load_kernels(folder: Path) -> Kernels:
    """Load the compiled loops; takes the time of importing numba.

    Raises:
        CompilationError: numba does not work here.
    """
    if not _LOADED:
        # No lock, for a fork could keep it locked: to load twice does no harm.
        _LOADED.append(Kernels(*(_load(folder, source) for source in _SOURCES)))
    return _LOADED[0]


def loaded_kernels() -> Kernels | None:
    """The compiled loops, if this process has loaded them."""
    return _LOADED[0] if _LOADED else None


def _load(folder: Path, source: Path) -> ModuleType:
    name = _PREFIX + source.stem
    found = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    if found is None or found.loader is None:
        raise CompilationError(f"{folder} holds no loops")
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except (ImportError, OSError) as error:
        raise CompilationError(f"numba cannot be loaded: {error}") from error
    return module


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_COMPILE_SECONDS)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise CompilationError(f"compiling failed: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompilationError(f"compiling failed: {error}") from error


def _stamp(folder: Path) -> Path:
    return folder / "compiled"


def _roots(environ: Mapping[str, str]) -> list[Path]:
    roots = [Path(environ["NUMBA_CACHE_DIR"])] if environ.get("NUMBA_CACHE_DIR") else []
    if environ.get("XDG_CACHE_HOME"):
        roots.append(Path(environ["XDG_CACHE_HOME"]) / "inference-engine")
    elif environ.get("HOME"):
        roots.append(Path(environ["HOME"]) / ".cache" / "inference-engine")
    return [*roots, Path(tempfile.gettempdir()) / f"inference-engine-{os.geteuid()}"]


def _machine() -> bytes:
    """What the machine code depends on: Python and the CPU's instruction sets."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    traits = sorted({line for line in lines if line.startswith(("flags", "model name", "Features", "CPU part"))})
    return "\n".join([sys.version, platform.machine(), *traits]).encode()
