"""Tell how a new template differs from what is deployed, as a change set shows it."""

from dataclasses import dataclass, field
from typing import Any

from local_aws.cloudformation import registry
from local_aws.cloudformation.errors import StackValidationError
from local_aws.cloudformation.resource import Properties, changed_properties
from local_aws.cloudformation.stacks import Stack
from local_aws.cloudformation.template import Template
from local_aws.cloudformation.values import UNKNOWN, Scope, is_known
from local_aws.store import Record


@dataclass
class Step:
    """What happens to one resource."""

    logical_id: str
    kind: str
    action: str
    physical_id: str = ""
    changed: set[str] = field(default_factory=set)
    is_replaced: bool = False
    is_certain: bool = True


def desired_properties(scope: Scope, resource: Record, tags: list[dict[str, str]]) -> Properties:
    """Return a resource's properties without functions, and with the stack's tags where it takes tags."""
    properties: Properties = scope.resolve(resource.get("Properties") or {})
    if tags and registry.type_of(resource["Type"]).has_tags:
        own = properties.get("Tags", [])
        named = {tag["Key"] for tag in own}
        properties["Tags"] = [*own, *(tag for tag in tags if tag["Key"] not in named)]
    return properties


def is_wanted(scope: Scope, resource: Record) -> bool:
    """Return whether a resource's condition holds."""
    return "Condition" not in resource or scope.condition(resource["Condition"])


def steps(stack: Stack, template: Template, scope: Scope, tags: list[dict[str, str]]) -> list[Step]:
    """Return what a deployment would do, in its order; resources that stay as they are have no step.

    Raises:
        StackValidationError: The template is wrong.
    """
    deployed = stack.resources
    found = []
    for logical_id in template.order:
        resource = template.resources[logical_id]
        if is_wanted(scope, resource):
            step = _step(logical_id, resource, deployed.get(logical_id), desired_properties(scope, resource, tags))
            _show(scope, step, deployed.get(logical_id))
            found.append(step)
    wanted = {step.logical_id for step in found}
    found += [
        Step(logical_id, resource["ResourceType"], "Remove", resource["PhysicalResourceId"])
        for logical_id, resource in reversed(deployed.items())
        if logical_id not in wanted
    ]
    check_outputs(template, scope)
    return [step for step in found if step.action != "Keep"]


def check_outputs(template: Template, scope: Scope) -> None:
    """Resolve every output: a reference to nothing is found before anything is made."""
    for output in template.section("Outputs").values():
        if is_wanted(scope, output):
            scope.resolve(output["Value"])


def shown(step: Step) -> Record:
    """Return a step as DescribeChangeSet shows it."""
    change: Record = {
        "Action": step.action,
        "LogicalResourceId": step.logical_id,
        "ResourceType": step.kind,
        "Scope": [],
        "Details": [],
    }
    if step.physical_id:
        change["PhysicalResourceId"] = step.physical_id
    if step.action == "Modify":
        replacement = "True" if step.is_certain else "Conditional"
        change["Replacement"] = replacement if step.is_replaced else "False"
        change["Scope"] = sorted({"Tags" if name == "Tags" else "Properties" for name in step.changed})
        change["Details"] = [_detail(step, name) for name in sorted(step.changed)]
    return {"Type": "Resource", "ResourceChange": change}


def _detail(step: Step, name: str) -> Record:
    is_replacing = registry.type_of(step.kind).replaces({name})
    recreation = ("Always" if step.is_certain else "Conditionally") if is_replacing else "Never"
    target = (
        {"Attribute": "Tags", "RequiresRecreation": recreation}
        if name == "Tags"
        else {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    )
    evaluation = "Static" if step.is_certain else "Dynamic"
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": "DirectModification"}


def _step(logical_id: str, resource: Record, deployed: Record | None, properties: Properties) -> Step:
    kind = resource["Type"]
    if deployed is None:
        return Step(logical_id, kind, "Add")
    if deployed["ResourceType"] != kind:
        raise StackValidationError(
            f"Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{logical_id}]"
        )
    changed = changed_properties(deployed["Properties"], properties)
    physical_id = deployed["PhysicalResourceId"]
    if not changed:
        return Step(logical_id, kind, "Keep", physical_id)
    is_replaced = registry.type_of(kind).replaces(changed)
    is_certain = all(is_known(properties.get(name)) for name in changed)
    return Step(logical_id, kind, "Modify", physical_id, changed, is_replaced, is_certain)


def _show(scope: Scope, step: Step, deployed: Record | None) -> None:
    """Let the resources that come later see this one."""
    if deployed is None or step.is_replaced:
        unknown: dict[str, Any] = {"": UNKNOWN}
        scope.references[step.logical_id], scope.attributes[step.logical_id] = UNKNOWN, unknown
    else:
        scope.references[step.logical_id] = deployed["PhysicalResourceId"]
        scope.attributes[step.logical_id] = deployed["Attributes"]
