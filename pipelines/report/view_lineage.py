"""Say where everything comes from, and what the figures do not say."""

from typing import Any

from pipelines.report.documents import MissingPartError, RunFolder
from pipelines.report.run_facts import RunFacts

_LINES = (
    ("Pipeline execution", ("pipeline_execution_arn", "PipelineExecutionArn", "arn")),
    ("Model package", ("model_package_arn",)),
    ("Data version", ("data_version", "DataVersion")),
    ("Git commit", ("git_commit", "GitCommit")),
    ("Pipeline definition (SHA-256)", ("definition_sha256", "definition_hash")),
    ("Image", ("image", "image_uri")),
    ("Region", ("region",)),
    ("Budget", ("budget",)),
)


def lineage(run: RunFolder) -> dict[str, Any]:
    """Return the names of everything the model was made of, and the execution's parameters."""
    summary, execution = run["summary"], run["execution"]
    parameters = _parameters(run)
    found = []
    for name, keys in _LINES:
        told = (
            summary.text(keys)
            or execution.text(keys)
            or next((parameters[key] for key in keys if key in parameters), "")
        )
        found.append((name, told))
    if not any(told for _, told in found):
        raise MissingPartError("The run left no summary.json to read the lineage from.")
    return {"lines": [line for line in found if line[1]], "parameters": parameters, "files": _files(run)}


def limits(run: RunFolder) -> dict[str, Any]:
    """Return what the limits paragraph needs to know."""
    facts = RunFacts.of(run)
    return {
        "local": facts.summary.text("target") != "aws",
        "evaluated": bool(run["evaluation"]),
        "champion": run["evaluation"].flag("comparisons", "champion", "present"),
        "validation_auc": run["evaluation"].number("metrics", "validation", "auc"),
        "test_auc": facts.test.number("auc"),
        "horizon": run["features"].number("horizon_hours"),
    }


def _parameters(run: RunFolder) -> dict[str, str]:
    told = run["execution"].at(("parameters", "pipeline_parameters", "PipelineParameters")) or run["summary"].at(
        "parameters"
    )
    listed = {
        row.text(("Name", "name")): row.text(("Value", "value")) for row in told.rows() if row.text(("Name", "name"))
    }
    return listed or {name: value.text() for name, value in told.items()}


def _files(run: RunFolder) -> list[str]:
    found = (path for path in run.path.rglob("*") if path.is_file() and path.suffix in (".json", ".svg"))
    return sorted(path.relative_to(run.path).as_posix() for path in found)[:60]
