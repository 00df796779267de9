"""Run the cdk CLI of this folder, by the Node of the virtual environment."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.bundle import ROOT
from pipelines.errors import PlatformError

WORK = ROOT / ".local" / "cdk"
APP = f"{shlex.quote(sys.executable)} app.py"
_CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_ALWAYS = ("--no-notices", "--no-color")
_SHOWN = ("✅", "❌", "⏳")
_TAIL = 30


class Cdk:
    """The cdk CLI with the environment of one target.

    Args:
        variables: AWS_* variables of the target. None keeps the user's own, which is how AWS is reached.
        home: Folder for what the CLI remembers: it caches account numbers by access key, and the local AWS's key is
            the same everywhere.
        command: How to start the CLI.
    """

    def __init__(self, variables: Mapping[str, str] | None, home: Path, command: Sequence[str] | None = None) -> None:
        self._command = list(command or _installed())
        self._environment = _environment(variables, home)

    def run(self, *arguments: str, shows: Iterable[str] = _SHOWN) -> str:
        """Run a command and return what it wrote; lines that hold one of `shows` are passed on at once.

        Raises:
            PlatformError: The command failed; the message is the end of what it wrote.
        """
        marks = tuple(shows)
        with self._start(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if any(mark in line for mark in marks):
                    sys.stdout.write(f"           {line.strip()}\n")
                    sys.stdout.flush()
        if process.returncode:
            reason = _reason(lines)
            raise PlatformError(f"`cdk {arguments[0]}` failed:\n{reason}", hint=_hint(reason))
        return "".join(lines)

    def run_openly(self, *arguments: str) -> None:
        """Run a command in the user's terminal, so that it can ask questions.

        Raises:
            PlatformError: The command failed.
        """
        with self._start(arguments) as process:
            code = process.wait()
        if code:
            raise PlatformError(f"`cdk {arguments[0]}` failed with exit code {code}", hint="its reason stands above")

    def _start(self, arguments: Sequence[str], **streams: Any) -> subprocess.Popen[str]:
        command = [*self._command, *arguments, *_ALWAYS]
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, text=True, encoding="utf-8", **streams)


def _installed() -> list[str]:
    node = Path(sys.prefix) / "bin" / "node"
    missing = [path for path in (node, _CLI) if not path.exists()]
    if missing:
        raise PlatformError(f"{missing[0]} is missing: the cdk CLI is not installed", hint="`make setup` installs it")
    return [str(node), str(_CLI)]


def _environment(variables: Mapping[str, str] | None, home: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if variables is None or not name.startswith(("AWS_", "CDK_"))
    }
    own = {
        "JSII_NODE": str(Path(sys.prefix) / "bin" / "node"),
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "CDK_HOME": str(home),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "CI": "true" if variables is not None else os.environ.get("CI", ""),
    }
    if variables is not None:
        own |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return kept | own | dict(variables or {})


def _hint(reason: str) -> str:
    if "already exist" in reason:
        return "what is there was made by something else; locally `make clean` forgets it"
    return "CloudFormation has rolled the stack back; mend the cause and deploy again"


def _reason(lines: Sequence[str]) -> str:
    """Return what CloudFormation or the application complained of, else the end of the output."""
    failed = [line.strip() for line in lines if "_FAILED" in line or "❌" in line]
    return "\n".join(dict.fromkeys(failed)) if failed else "".join(lines[-_TAIL:]).strip()
