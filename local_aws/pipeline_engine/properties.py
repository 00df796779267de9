"""Check that a reference to a step's properties can lead somewhere, by the API's own Describe responses."""

from collections.abc import Sequence
from difflib import get_close_matches

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.pipeline_engine.model import Step
from local_aws.sagemaker.validation import operation_model

_DESCRIBED_BY: dict[str, tuple[str, ...]] = {
    "Model": ("DescribeModel",),
    "Processing": ("DescribeProcessingJob",),
    "RegisterModel": ("DescribeModelPackage",),
    "Training": ("DescribeTrainingJob",),
    "Transform": ("DescribeTransformJob",),
    "Tuning": ("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"),
}


def property_problem(step: Step, path: Sequence[str | int]) -> str | None:
    """Return why a step can never have a property, or None where it may.

    Args:
        step: The step that is referred to.
        path: The property's path, taken apart.
    """
    if step.type in {"Lambda", "Callback"}:
        return _output_problem(step, path)
    if step.type == "Condition":
        return None if list(path) == ["Outcome"] else "a Condition step has the property 'Outcome' only"
    shapes = [operation_model("sagemaker", name).output_shape for name in _DESCRIBED_BY[step.type]]
    members = {name: shape for output in shapes if output is not None for name, shape in output.members.items()}
    if path[0] not in members:
        return _unknown(str(path[0]), list(members))
    return _shape_problem(members[str(path[0])], path[1:]) or _processing_output_problem(step, path)


def _shape_problem(shape: Shape, path: Sequence[str | int]) -> str | None:
    for token in path:
        if isinstance(shape, StructureShape):
            if token not in shape.members:
                return _unknown(str(token), list(shape.members))
            shape = shape.members[str(token)]
        elif isinstance(shape, ListShape | MapShape):
            shape = shape.member if isinstance(shape, ListShape) else shape.value
        else:
            return f"'{token}' follows a value of type {shape.type_name}, which has no members"
    return None


def _processing_output_problem(step: Step, path: Sequence[str | int]) -> str | None:
    if list(path[:2]) != ["ProcessingOutputConfig", "Outputs"] or len(path) < 3 or not isinstance(path[2], str):  # noqa: PLR2004 - a path of three parts
        return None
    outputs = (step.arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    names = [output.get("OutputName") for output in outputs if isinstance(output, dict)]
    return None if path[2] in names else _unknown(path[2], [name for name in names if isinstance(name, str)])


def _output_problem(step: Step, path: Sequence[str | int]) -> str | None:
    names = [parameter.name for parameter in step.output_parameters]
    if path[0] != "OutputParameters" or len(path) != 2:  # noqa: PLR2004 - OutputParameters['name']
        return f"write OutputParameters['name'] with a name of [{', '.join(names)}]"
    return None if path[1] in names else _unknown(str(path[1]), names)


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"there is no '{name}'; there is [{', '.join(sorted(known))}].{hint}"
