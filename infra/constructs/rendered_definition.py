"""Render the pipeline definition for CloudFormation, once per change of what it is made of.

The SageMaker SDK costs seconds to import. So the definition is rendered with placeholders where tokens go, kept in
`.local/`, and gets its tokens afterwards: a template's tokens differ from run to run, the placeholders do not. So it
can be rendered by another process, too, while this one makes the other stacks (`render_ahead`).
"""

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from typing import Any

from infra.settings import Stage, stage_named
from pipelines.bundle import ROOT, CodeLocation, CodeLocations
from pipelines.definition import build
from pipelines.resources import Network, Resources
from pipelines.settings import Settings

_CACHE = ROOT / ".local" / "synth"
_PLACEHOLDER = re.compile(r"~(\d{4})~")


_AHEAD: dict[str, subprocess.Popen[bytes]] = {}


def render_ahead(stage: Stage, budget: str) -> None:
    """Start to render the definition that a stage with so many subnets will ask for, unless it is there already.

    A guess: where it is wrong, `definition_with_tokens` renders the right one.
    """
    digest = _digest(*_guess(stage), stage.pipeline_settings(budget))
    if not (_CACHE / f"{digest}.json").exists():
        command = (sys.executable, "-m", __name__, stage.name, budget)
        _AHEAD[digest] = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def _guess(stage: Stage) -> tuple[Resources, CodeLocations]:
    network = Network(tuple(f"subnet-{zone}" for zone in range(stage.availability_zones)), ("sg",))
    resources = dataclasses.replace(Resources.example(), network=network)
    code = CodeLocation(uri="s3://bucket/key", filename="file")
    values: list[str] = []
    return _hide(resources, values), _hide(CodeLocations(code, code), values)


def definition_with_tokens(resources: Resources, code: CodeLocations, settings: Settings) -> dict[str, Any]:
    """Return the very definition that `python -m pipelines render` prints, with tokens for names."""
    values: list[str] = []
    hidden_resources = _hide(resources, values)
    hidden_code = _hide(code, values)
    return _reveal(json.loads(_rendered(hidden_resources, hidden_code, settings)), values)


def _rendered(resources: Resources, code: CodeLocations, settings: Settings) -> str:
    digest = _digest(resources, code, settings)
    path = _CACHE / f"{digest}.json"
    if ahead := _AHEAD.pop(digest, None):
        ahead.wait()
    if not path.exists():
        text = json.dumps(build(resources, code, settings), sort_keys=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(text)
        partial.replace(path)
    return path.read_text()


def _digest(resources: Resources, code: CodeLocations, settings: Settings) -> str:
    total = hashlib.sha256(repr((resources, code, settings)).encode())
    sources = [*(ROOT / "pipelines").glob("*.py"), ROOT / "usecase" / "description.py", ROOT / "requirements.lock"]
    for path in sorted(sources):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _hide(value: Any, values: list[str]) -> Any:
    """Return a copy of a value with every string replaced and remembered."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return dataclasses.replace(value, **{name: _hide(getattr(value, name), values) for name in names})
    if isinstance(value, dict):
        return {key: _hide(item, values) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_hide(item, values) for item in value)
    if isinstance(value, str):
        values.append(value.removeprefix("s3://"))
        return f"{'s3://' if value.startswith('s3://') else ''}~{len(values) - 1:04d}~"
    return value


def _reveal(value: Any, values: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _reveal(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_reveal(item, values) for item in value]
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: values[int(match.group(1))], value)
    return value


if __name__ == "__main__":
    _stage = stage_named(sys.argv[1])
    _rendered(*_guess(_stage), _stage.pipeline_settings(sys.argv[2]))
