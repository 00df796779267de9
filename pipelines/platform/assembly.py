"""Synthesise a stage's templates, and again only when something that shapes them has changed."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.bundle import ROOT
from pipelines.platform.cdk import APP, WORK, Cdk

_FOLDERS = ("infra", "usecase", "processing", "training", "inference")
_FILES = ("app.py", "cdk.json", "requirements.lock", "package-lock.json")
_STACK = "aws:cloudformation:stack"


@dataclass(frozen=True)
class Assembly:
    """The templates and assets of one stage, in one folder as the cdk CLI writes and reads it."""

    folder: Path

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """Names of the stacks."""
        return tuple(artifact["properties"].get("stackName", name) for name, artifact in self._artifacts.items())

    @cached_property
    def bootstrap_version(self) -> int:
        """The oldest version of the bootstrap resources that it can be deployed with."""
        properties = [artifact["properties"] for artifact in self._artifacts.values()]
        return max((item.get("requiresBootstrapStackVersion", 0) for item in properties), default=0)

    def template(self, stack: str) -> dict[str, Any]:
        """Return a stack's template."""
        artifact = next(
            item for name, item in self._artifacts.items() if item["properties"].get("stackName", name) == stack
        )
        return dict(json.loads((self.folder / artifact["properties"]["templateFile"]).read_text()))

    @cached_property
    def _artifacts(self) -> dict[str, Any]:
        manifest = json.loads((self.folder / "manifest.json").read_text())
        return {name: artifact for name, artifact in manifest["artifacts"].items() if artifact["type"] == _STACK}


def synthesise(stage: str, budget: str, *, is_fresh: bool = False, folder: Path | None = None) -> Assembly:
    """Return the stage's assembly; without network and credentials.

    Args:
        stage: Name of the stage.
        budget: How much tuning the pipeline's definition asks for.
        is_fresh: Synthesise even where nothing has changed.
        folder: Where to; by default below `.local/cdk`.

    Raises:
        PlatformError: The application or one of its gates refused.
    """
    folder = folder or WORK / f"{stage}-{budget}"
    mark, digest = folder.with_name(f"{folder.name}.digest"), _digest(stage, budget)
    if is_fresh or not mark.exists() or mark.read_text() != digest:
        mark.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        context = ("-c", f"stage={stage}", "-c", f"budget={budget}")
        Cdk({}, WORK / "home").run("synth", "--quiet", "--app", APP, "--output", str(folder), *context)
        mark.write_text(digest)
    return Assembly(folder)


def _digest(stage: str, budget: str) -> str:
    total = hashlib.sha256(f"{stage} {budget} {ROOT}".encode())
    for path in _sources():
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (ROOT / name for name in _FILES)
    yield from sorted((ROOT / "pipelines").glob("*.py"))
    for folder in _FOLDERS:
        yield from sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".json"})
