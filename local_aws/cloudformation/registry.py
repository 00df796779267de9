"""Know every resource type that can be deployed."""

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Iterable

from local_aws.cloudformation import types
from local_aws.cloudformation.errors import StackValidationError
from local_aws.cloudformation.resource import ResourceType
from local_aws.cloudformation.template import Template


@functools.cache
def all_types() -> dict[str, ResourceType]:
    """Return the resource types by name: the `TYPES` of every module of `types`."""
    found: dict[str, ResourceType] = {}
    for module in pkgutil.iter_modules(types.__path__):
        declared: Iterable[ResourceType] = importlib.import_module(f"{types.__name__}.{module.name}").TYPES
        found |= {item.name: item for item in declared}
    return found


def type_of(name: str) -> ResourceType:
    """Return a resource type that `check` has accepted."""
    return all_types()[name]


def check(template: Template) -> None:
    """Refuse a template with resource types that cannot be deployed; none is ever skipped.

    Raises:
        StackValidationError: Names each type and its logical ids.
    """
    unknown: dict[str, list[str]] = {}
    for logical_id, resource in template.resources.items():
        if resource["Type"] not in all_types():
            unknown.setdefault(resource["Type"], []).append(logical_id)
    if not unknown:
        return
    parts = [f"{name} ({', '.join(ids)})" for name, ids in sorted(unknown.items())]
    near = {match for name in unknown for match in difflib.get_close_matches(name, all_types(), 2, 0.75)}
    hint = f" Similar types that can be deployed: {', '.join(sorted(near))}." if near else ""
    raise StackValidationError(
        f"Template format error: Unrecognized resource types: [{', '.join(parts)}]. "
        f"The local AWS deploys none of these; add them to local_aws/cloudformation/types.{hint}"
    )
