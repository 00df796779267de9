"""Check a pipeline definition before SageMaker sees it: small named checks, each a function from steps to findings.

They need no SDK, no network and no knowledge of this pipeline: any definition JSON will do. The published JSON schema
of definitions is two years behind and rejects what the SDK emits, so the botocore model is the judge of requests.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.checks import caching, references, security, shapes, structure
from pipelines.checks.model import Definition, Finding
from pipelines.errors import DefinitionError

__all__ = ["CHECKS", "Finding", "check_definition", "refuse_faults"]

CHECKS: tuple[Callable[[Definition], Iterable[Finding]], ...] = (
    structure.version,
    structure.parameters,
    structure.step_members,
    structure.step_names,
    structure.unique_names,
    structure.step_types,
    structure.cycle,
    structure.branch_order,
    shapes.requests,
    shapes.conditions,
    shapes.fail_messages,
    shapes.lambdas,
    shapes.retries,
    references.references,
    references.property_files,
    security.in_vpc,
    security.network_isolation,
    security.volume_key,
    security.output_key,
    security.traffic_encryption,
    security.tags,
    security.own_role,
    security.spot_checkpoint,
    caching.input_version,
    caching.defeated,
    caching.expiry,
    caching.code_by_content,
)


def check_definition(text: str) -> list[Finding]:
    """Return everything that is wrong with a definition's text, in the order of the checks."""
    sizes = structure.size(text)
    try:
        raw: Any = json.loads(text)
    except ValueError as error:
        return [Finding("json", "", f"the definition is no JSON: {error}")]
    if not isinstance(raw, dict) or not isinstance(raw.get("Steps"), list) or not raw["Steps"]:
        return [Finding("json", "", "the definition has no list of Steps")]
    strangers = [item for key in ("Steps", "Parameters") for item in raw.get(key) or [] if not isinstance(item, dict)]
    if strangers:
        return [Finding("json", "", f"Steps and Parameters hold objects, but there is {strangers[0]!r}")]
    definition = Definition.parse(raw)
    return [*sizes, *(finding for check in CHECKS for finding in check(definition))]


def refuse_faults(text: str) -> None:
    """Raise where a definition breaks a check.

    Raises:
        DefinitionError: It breaks at least one; the message lists all.
    """
    findings = check_definition(text)
    if findings:
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise DefinitionError(f"the definition breaks its checks ({len(findings)}):\n{lines}")
