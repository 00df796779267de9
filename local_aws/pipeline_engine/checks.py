"""Find what cannot work in a parsed definition before anything runs; small named checks."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local_aws.pipeline_engine.arguments import check_arguments
from local_aws.pipeline_engine.errors import DefinitionError
from local_aws.pipeline_engine.model import Definition, Step
from local_aws.pipeline_engine.plan import dependencies_of
from local_aws.pipeline_engine.properties import property_problem
from local_aws.pipeline_engine.references import (
    EXECUTION_VARIABLES,
    Reference,
    find_references,
    function_of,
    parse_reference,
    split_path,
)

_JOB_NAME_VARIABLES = {"TrainingJobName": "Training", "ProcessingJobName": "Processing"}


def check_definition(definition: Definition) -> None:
    """Raise DefinitionError for the first thing that can never work."""
    check_unique_names(definition)
    for step in definition.steps:
        check_functions(step)
        check_references(definition, step)
        check_dependencies(definition, step)
        check_property_files(step)
        check_arguments(step)
    check_cycles(definition)


def check_unique_names(definition: Definition) -> None:
    """Every step's name is unique, branches included; so is every parameter's."""
    for kind, names in (
        ("Step", [step.name for step in definition.steps]),
        ("Parameter", [parameter.name for parameter in definition.parameters]),
    ):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise DefinitionError(
                f"{kind}s", f"{kind} names must be unique; '{repeated[0]}' appears more than once (branches count too)."
            )


def check_functions(step: Step) -> None:
    """Every Std:Join and Std:JsonGet has its members, every path can be read."""
    for name, call in _calls([dict(step.arguments), dict(step.settings)]):
        if name == "Std:Join" and not (isinstance(call, dict) and isinstance(call.get("Values"), list)):
            raise DefinitionError(step.where, f"Std:Join needs 'Values', a Json Array (and 'On'), got {call!r}.")
        if name == "Std:JsonGet" and not (
            isinstance(call, dict) and "Path" in call and ("PropertyFile" in call) != ("S3Uri" in call)
        ):
            raise DefinitionError(
                step.where, f"Std:JsonGet needs 'Path' and one of 'PropertyFile', 'S3Uri', got {call!r}."
            )
        path = call["Path"] if name == "Std:JsonGet" else parse_reference(str(call)).path if name == "Get" else ""
        try:
            split_path(path)
        except ValueError as err:
            raise DefinitionError(step.where, f"{name}: {err}.") from err


def check_references(definition: Definition, step: Step) -> None:
    """Every Get leads to a declared parameter, a known execution variable or another step."""
    parameters = [parameter.name for parameter in definition.parameters]
    for reference in find_references([dict(step.arguments), dict(step.settings)]):
        match reference.kind:
            case "Parameters":
                _known(reference.name, parameters, f"Parameter of '{reference.text}'", step)
            case "Execution":
                _known(reference.name, EXECUTION_VARIABLES, f"Execution variable of '{reference.text}'", step)
                _check_job_name_variable(reference, step)
            case "Steps":
                _check_step_reference(definition, step, reference)
            case _:
                raise DefinitionError(
                    step.where, f"Get '{reference.text}' must start with Parameters., Execution. or Steps.<name>."
                )


def check_dependencies(definition: Definition, step: Step) -> None:
    """Every step waited for exists, is another one, and can end as waited for."""
    for dependency in step.depends_on:
        _known(dependency.step, list(definition.by_name), "Step in DependsOn", step)
        if definition.by_name[dependency.step].type == "Fail":
            raise DefinitionError(step.where, f"Nothing may depend on a Fail step, such as '{dependency.step}'.")


def check_property_files(step: Step) -> None:
    """Property files belong to Processing steps and name one of their outputs."""
    if step.property_files and step.type != "Processing":
        raise DefinitionError(step.where, f"PropertyFiles belong to Processing steps, not to Type {step.type}.")
    config = step.arguments.get("ProcessingOutputConfig") or {}
    outputs = [output.get("OutputName") for output in config.get("Outputs", []) if isinstance(output, dict)]
    for file in step.property_files:
        _known(file.output_name, outputs, f"OutputName of property file '{file.name}'", step)


def check_cycles(definition: Definition) -> None:
    """No step waits for itself, directly or through others."""
    try:
        TopologicalSorter({step.name: dependencies_of(step) for step in definition.steps}).prepare()
    except CycleError as err:
        cycle = " -> ".join(reversed(err.args[1]))
        raise DefinitionError("Steps", f"Cycle in the dependencies of the steps: {cycle}.") from err


def _check_step_reference(definition: Definition, step: Step, reference: Reference) -> None:
    _known(reference.name, list(definition.by_name), f"Step of '{reference.text}'", step)
    target = definition.by_name[reference.name]
    if target.type == "Fail":
        raise DefinitionError(step.where, f"Nothing may depend on a Fail step: '{reference.text}'.")
    if reference.path.startswith("PropertyFiles."):
        files = [file.name for file in target.property_files]
        _known(reference.path.removeprefix("PropertyFiles."), files, f"Property file of '{reference.text}'", step)
    elif not reference.path:
        raise DefinitionError(step.where, f"Get '{reference.text}' names no property of the step.")
    elif problem := property_problem(target, split_path(reference.path)):
        raise DefinitionError(step.where, f"Get '{reference.text}' cannot be resolved: {problem}")


def _check_job_name_variable(reference: Reference, step: Step) -> None:
    needed = _JOB_NAME_VARIABLES.get(reference.name)
    if needed and step.type not in {needed, "Tuning"}:
        raise DefinitionError(
            step.where, f"'{reference.text}' has a value in {needed} steps only, not in Type {step.type}."
        )


def _known(name: str, known: Any, what: str, step: Step) -> None:
    if name in known:
        return
    close = get_close_matches(name, known, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise DefinitionError(
        step.where, f"{what} is not defined: '{name}'; defined are [{', '.join(sorted(known))}].{hint}"
    )


def _calls(value: Any) -> Iterator[tuple[str, Any]]:
    name = function_of(value)
    if name is not None:
        yield name, value[name]
    children = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    for child in children:
        yield from _calls(child)
