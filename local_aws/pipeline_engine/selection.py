"""Check a selective execution, and take over the results of the steps that it does not run."""

from local_aws.errors import ValidationError
from local_aws.pipeline_engine.model import Definition
from local_aws.pipeline_engine.plan import dependencies_of
from local_aws.pipeline_engine.records import ExecutionRecords
from local_aws.store import Record


def reused_steps(definition: Definition, selected: list[str], source: ExecutionRecords | None) -> list[Record]:
    """Return records for the steps that the selected ones depend on, with the results of the source execution.

    Raises:
        ValidationError: A selected step does not exist, or one that is needed has no result in the source.
    """
    unknown = [name for name in selected if name not in definition.by_name]
    if unknown:
        raise ValidationError(
            f"Invalid SelectedSteps: {unknown} are no steps of the pipeline; it has {sorted(definition.by_name)}."
        )
    needed = _needed(definition, selected)
    if needed and source is None:
        raise ValidationError(
            f"Invalid SourcePipelineExecutionArn: null. The selected steps {selected} have dependencies on {needed}"
        )
    return [_reused(name, source) for name in needed if source is not None]


def _needed(definition: Definition, selected: list[str]) -> list[str]:
    """Return the steps outside the selection that it refers to; the Condition around a step is not needed."""
    names: list[str] = []
    for step in (definition.by_name[name] for name in selected):
        parent = step.branch.condition if step.branch else None
        names += [name for name in dependencies_of(step) if name not in {*selected, *names, parent}]
    return names


def _reused(name: str, source: ExecutionRecords) -> Record:
    record = source.step(name)
    if record is None or record["StepStatus"] != "Succeeded":
        raise ValidationError(
            f"Invalid SourcePipelineExecutionArn: {source.arn}. The step '{name}' that the selected steps "
            "depend on has no successful result there; select it too, or name another execution."
        )
    return {**record, "SelectiveExecutionResult": {"SourcePipelineExecutionArn": source.arn}}
