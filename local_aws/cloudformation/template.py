"""Read a template, JSON or YAML, and order its resources by what they refer to."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore] # moto brings it, without types

from local_aws.cloudformation.errors import StackValidationError

_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Template:
    """A parsed template; `body` is the text as it was sent."""

    body: str
    document: dict[str, Any]

    @classmethod
    def parse(cls, body: str) -> "Template":
        """Read a template.

        Raises:
            StackValidationError: It is no template.
        """
        try:
            is_json = body.lstrip().startswith("{")
            document = json.loads(body) if is_json else yaml.load(body, _Loader)  # noqa: S506 - derives from the safe loader
        except (ValueError, yaml.YAMLError) as err:
            raise StackValidationError(f"Template format error: {err}") from err
        if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
            raise StackValidationError("Template format error: At least one Resources member must be defined.")
        template = cls(body, document)
        for logical_id, resource in template.resources.items():
            if not isinstance(resource, dict) or "Type" not in resource:
                raise StackValidationError(
                    f"Template format error: [/Resources/{logical_id}] "
                    "Every Resources object must contain a Type member."
                )
        return template

    @classmethod
    def empty(cls) -> "Template":
        """Return the template of a stack that has none yet."""
        return cls('{"Resources": {}}', {"Resources": {}})

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources by logical id."""
        found: dict[str, dict[str, Any]] = self.document["Resources"]
        return found

    def section(self, name: str) -> dict[str, Any]:
        """Return a section such as `Outputs`; empty where the template has none."""
        return self.document.get(name) or {}

    def dependencies(self, logical_id: str) -> set[str]:
        """Return the resources that must exist before this one."""
        return dependencies_of(self.resources[logical_id], self.resources)

    @functools.cached_property
    def order(self) -> list[str]:
        """The logical ids, each after those it depends on.

        Raises:
            StackValidationError: Resources depend on each other in a circle, or on nothing that is there.
        """
        waiting = {name: self.dependencies(name) for name in self.resources}
        done: list[str] = []
        while waiting:
            ready = [name for name, needs in waiting.items() if not needs - set(done)]
            if not ready:
                circle = ", ".join(sorted(waiting))
                raise StackValidationError(f"Template error: Circular dependency between resources: [{circle}]")
            for name in ready:
                del waiting[name]
            done += ready
        return done


def dependencies_of(resource: Mapping[str, Any], known: Mapping[str, Any]) -> set[str]:
    """Return which of the known resources a resource names in DependsOn, Ref, GetAtt or Sub."""
    explicit = resource.get("DependsOn", [])
    explicit = [explicit] if isinstance(explicit, str) else explicit
    for name in explicit:
        if name not in known:
            raise StackValidationError(
                f"Template error: Unresolved resource dependencies [{name}] in the Resources block"
            )
    return {*explicit, *(name for name in _references(resource.get("Properties", {})) if name in known)}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                text = item if isinstance(item, str) else item[0]
                yield from (name.split(".")[0].strip() for name in _REFERENCE.findall(text))
                yield from _references(item)
            else:
                yield from _references(item)


class _Loader(_LOADER):
    """YAML as CloudFormation reads it: dates stay text, `!Ref` and its kin are functions."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class's own attribute
        first: [(tag, expression) for tag, expression in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in _LOADER.yaml_implicit_resolvers.items()
    }


def _short_form(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
