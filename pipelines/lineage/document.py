"""Gather the lineage of one model package, from raw data to what serves it."""

import json
from typing import Any

from pipelines.lineage.lookup import Lookup
from pipelines.lineage.monitoring import find_latest_reports
from pipelines.lineage.origin import find_execution, find_source, find_steps
from pipelines.lineage.records import Record, contributions, package_record
from pipelines.lineage.releases import find_releases, find_verdicts
from pipelines.lineage.serving import Serving
from pipelines.platform.outputs import stack_name, stack_outputs
from pipelines.run_records import plain
from pipelines.targets import Target

_RELEASE = "Release"


def lineage_document(target: Target, arn: str, stage: str) -> dict[str, Any]:
    """Return everything that is known of a package; `not_found` says what is not."""
    lookup = Lookup(target)
    described = target.client("sagemaker").describe_model_package(ModelPackageName=arn)
    package = package_record(described)
    execution = find_execution(lookup, described)
    steps = find_steps(lookup, execution["arn"]) if execution else []
    steps = [
        step | {"contributed": contributed}
        for step, contributed in zip(steps, contributions(package, steps), strict=True)
    ]
    serving = Serving(lookup, package)
    endpoints = serving.endpoints()
    document = {
        "schema_version": 1,
        "model_package": package,
        "source": find_source(package, execution, steps),
        "execution": execution,
        "steps": steps,
        **_release(lookup, package, stage, endpoints),
        "endpoints": endpoints,
        "batch_scoring": serving.transform_jobs(),
        "not_found": lookup.not_found,
    }
    return dict(plain(document))


def _release(lookup: Lookup, package: Record, stage: str, endpoints: list[Record]) -> dict[str, Any]:
    """Return releases, verdicts and reports: the stage's release stack tells where they are."""
    found: dict[str, Any] = {"releases": [], "verdicts": [], "monitoring": []}
    name = stack_name(stage, _RELEASE)
    outputs = lookup.attempt(f"stack {name}", lambda: stack_outputs(lookup.client("cloudformation"), name))
    if outputs is None:
        return found
    if _RELEASE not in outputs:
        lookup.miss(f"releases, verdicts and monitoring: the stack {name} is not deployed here")
        return found
    facts = json.loads(outputs[_RELEASE])
    found["releases"] = find_releases(lookup, facts["release_machine"], package["arn"])
    if package["version"] is not None:
        found["verdicts"] = find_verdicts(lookup, facts["capture_bucket"], package["version"])
    for endpoint in endpoints:
        found["monitoring"] += find_latest_reports(lookup, facts["capture_bucket"], endpoint)
    return found
