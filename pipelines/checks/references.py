"""Check that every reference leads somewhere."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from pipelines.checks.model import Definition, Finding, Reference, Step, references_in, sagemaker_model

_DESCRIBE_OPERATIONS = {
    "Processing": ("DescribeProcessingJob",),
    "Training": ("DescribeTrainingJob",),
    "Tuning": ("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"),
    "Transform": ("DescribeTransformJob",),
    "Model": ("DescribeModel",),
    "RegisterModel": ("DescribeModelPackage",),
}
_EXECUTION_VARIABLES = {
    "CurrentDateTime", "PipelineArn", "PipelineExecutionArn", "PipelineExecutionId", "PipelineName",
    "ProcessingJobName", "StartDateTime", "TrainingJobName",
}  # fmt: skip


def references(definition: Definition) -> Iterator[Finding]:
    """A `Get` names a parameter, an execution variable, or a property that the step's Describe call answers."""
    for step in definition.steps:
        for reference in references_in(step.own):
            check, fault = _fault(definition, reference)
            if fault:
                yield Finding(check, step.name, f"{reference.location} refers to {reference.text}: {fault}")
        for name in sorted(definition.dependencies(step)):
            if definition.step(name) is None and name not in {ref.step for ref in references_in(step.own)}:
                yield Finding("unknown-step", step.name, f"DependsOn names {name!r}, which is no step")


def property_files(definition: Definition) -> Iterator[Finding]:
    """A property file lies in an output of its step."""
    for step in definition.steps:
        outputs = _output_names(step)
        for file in step.raw.get("PropertyFiles") or []:
            if file.get("OutputName") not in outputs:
                text = f"property file {file.get('PropertyFileName')} lies in output {file.get('OutputName')!r}"
                yield Finding("property-file", step.name, f"{text}, but the outputs are {', '.join(outputs)}")


def _fault(definition: Definition, reference: Reference) -> tuple[str, str]:
    parts = reference.parts
    if len(parts) < 2:  # noqa: PLR2004 - a namespace and a name
        return "reference-syntax", "write Parameters.X, Execution.X or Steps.X.property"
    namespace, name = parts[0], str(parts[1])
    if namespace == "Parameters":
        known = list(definition.parameters)
        return "unknown-parameter", "" if name in known else f"no such parameter{_hint(name, known)}"
    if namespace == "Execution":
        known = sorted(_EXECUTION_VARIABLES)
        return "unknown-variable", "" if name in known else f"no such execution variable{_hint(name, known)}"
    if namespace != "Steps":
        return "reference-syntax", f"{namespace!r} is none of Parameters, Execution, Steps"
    step = definition.step(name)
    if step is None:
        return "unknown-step", f"no such step{_hint(name, [step.name for step in definition.steps])}"
    return _property_fault(step, parts[2:])


def _property_fault(step: Step, path: Sequence[str | int]) -> tuple[str, str]:
    first = path[0] if path else ""
    if first == "PropertyFiles":
        return "property-file", _name_fault(path[1:], step.raw.get("PropertyFiles"), "PropertyFileName")
    if first == "OutputParameters":
        return "unknown-property", _name_fault(path[1:], step.raw.get("OutputParameters"), "OutputName")
    if step.type == "Condition":
        return "unknown-property", "" if list(path) == ["Outcome"] else "a Condition step has only Outcome"
    if step.type == "Fail":
        return "unknown-property", "a Fail step has no properties"
    named_output = isinstance(path[2], str) if len(path) > 2 else False  # noqa: PLR2004 - …Outputs['name']
    if named_output and list(path[:2]) == ["ProcessingOutputConfig", "Outputs"] and path[2] not in _output_names(step):
        return "unknown-property", f"no such output{_hint(str(path[2]), _output_names(step))}"
    faults = [_shape_fault(_output_shape(name), path) for name in _DESCRIBE_OPERATIONS.get(step.type, ())]
    return "unknown-property", "" if "" in faults or not faults else faults[0]


def _name_fault(path: Sequence[str | int], entries: list[dict[str, Any]] | None, member: str) -> str:
    known = [str(entry.get(member)) for entry in entries or []]
    return "" if path and path[0] in known else f"no such name; there are {', '.join(known) or 'none'}"


def _shape_fault(shape: Shape, path: Sequence[str | int]) -> str:
    for part in path:
        if isinstance(shape, StructureShape):
            if part not in shape.members:
                return f"{shape.name} has no member {part!r}{_hint(str(part), list(shape.members))}"
            shape = shape.members[part]
        elif isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            return f"{shape.name} is of type {shape.type_name} and has no member {part!r}"
    if isinstance(shape, StructureShape | ListShape | MapShape):
        return f"is a {shape.type_name}; a reference must lead to a single value"
    return ""


def _output_shape(operation: str) -> Shape:
    shape: Any = sagemaker_model().operation_model(operation).output_shape
    return shape


def _output_names(step: Step) -> list[str]:
    outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs") or []
    return [str(output.get("OutputName")) for output in outputs]


def _hint(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known[:12])}"
