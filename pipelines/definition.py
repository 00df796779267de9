"""Turn the definition into the one text that is printed, checked, hashed and sent to SageMaker."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pipelines.bundle import ROOT, Bundles, CodeLocations
from pipelines.offline_sdk import offline
from pipelines.resources import Resources
from pipelines.settings import Settings


def canonical_json(definition: dict[str, Any]) -> str:
    """Return the definition as text: the same definition is always the same text."""
    return json.dumps(definition, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def build(resources: Resources, code: CodeLocations, settings: Settings) -> dict[str, Any]:
    """Return the pipeline definition as SageMaker takes it (seconds: the SDK's import).

    A pure function: no network, no credentials, no upload. The strings in `resources` and `code` may be names in an
    account or CDK tokens.
    """
    with offline():
        from pipelines.training_pipeline import compile_definition  # noqa: PLC0415 - only importable offline

        return compile_definition(resources, code, settings)


def render(resources: Resources, bundles: Bundles, settings: Settings) -> str:
    """Build the definition and return its text."""
    return canonical_json(build(resources, bundles.locations(resources.buckets.artifacts), settings))


def render_cached(resources: Resources, bundles: Bundles, settings: Settings, folder: Path) -> str:
    """Return the text from `folder` if nothing it depends on has changed, else render it and keep it there."""
    path = folder / f"{_inputs_digest(resources, bundles, settings)}.json"
    if not path.exists():
        text = render(resources, bundles, settings)
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(text)
        partial.replace(path)
    return path.read_text()


def _inputs_digest(resources: Resources, bundles: Bundles, settings: Settings) -> str:
    total = hashlib.sha256()
    sources = [*(ROOT / "pipelines").glob("*.py"), ROOT / "usecase" / "description.py", ROOT / "requirements.lock"]
    for path in sorted(sources):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    keys = (bundles.processing.key, bundles.training.key)
    total.update(repr((resources, keys, settings)).encode())
    return total.hexdigest()
