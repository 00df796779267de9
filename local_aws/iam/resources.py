"""Find the ARN that a call's permission is checked on, from the Service Authorization Reference and the parameters."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local_aws.iam.requirements import Place

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DATA = Path(__file__).with_name("service_reference.json")
_SYNONYMS = {
    "parameternamewithoutleadingslash": ("name", "names", "path"),
    "queuename": ("queueurl", "queuename"),
    "alarmname": ("alarmnames",),
    "dashboardname": ("dashboardnames",),
    "schedulename": ("name",),
    "statemachinename": ("name",),
    "topicname": ("name",),
    "trailname": ("name",),
    "rolenamewithpath": ("rolename",),
    "usernamewithpath": ("username",),
    "policynamewithpath": ("policyarn", "policyname"),
    "rulename": ("rule", "name"),
    "keyid": ("keyid", "targetkeyid"),
    "workgroupname": ("workgroup", "name"),
    "tablename": ("tablename", "name"),
    "databasename": ("databasename", "name"),
    "secretid": ("secretid", "name"),
    "dataqualityjobdefinitionname": ("jobdefinitionname",),
    "modelqualityjobdefinitionname": ("jobdefinitionname",),
    "modelbiasjobdefinitionname": ("jobdefinitionname",),
    "modelexplainabilityjobdefinitionname": ("jobdefinitionname",),
}
"""Variable of an ARN format → parameters that hold it, where the name differs."""
_LEFT_OPEN = "*"


@functools.cache
def reference() -> dict[str, Any]:
    """Return service → {actions: {name: [resource types, condition keys]}, resources: {type: ARN format}}."""
    data: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return data


def is_known(service: str, action: str) -> bool:
    """Tell whether IAM has an action."""
    return action in reference().get(service, {}).get("actions", {})


def condition_keys(service: str, action: str) -> frozenset[str]:
    """Return the service's own condition keys that an action receives, without the part after a slash."""
    return frozenset(key.partition("/")[0] for key in reference()[service]["actions"][action][1])


def arns(service: str, action: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    """Return the ARNs of a call's resources; `*` where the action has none, or the call names none."""
    given = {key.lower(): value for key, value in _flat(service, action, parameters).items()}
    direct = given.get("resourcearn") or given.get("resource") or given.get("resourceid")
    if isinstance(direct, str) and direct.startswith("arn:"):
        return [direct]
    kinds = reference()[service]["actions"][action][0]
    formats = reference()[service]["resources"]
    patterns = [_pattern(formats[kind.rstrip("!")]) for kind in kinds]
    named = [text for text in given.values() if isinstance(text, str) and text.startswith("arn:")]
    if whole := [text for text in named if any(pattern.fullmatch(text) for pattern in patterns)]:
        return [_with_stream(service, text) for text in whole]
    required = [arn for kind in kinds if kind.endswith("!") for arn in _filled(formats[kind[:-1]], given, place)]
    optional = [arn for kind in kinds if not kind.endswith("!") for arn in _filled(formats[kind], given, place)]
    found = list(dict.fromkeys(_with_stream(service, arn) for arn in (required or optional)))
    return found or [_LEFT_OPEN]


def _flat(service: str, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters with those of the one structure that names the resource."""
    if service == "budgets":
        return {**parameters, **parameters.get("Budget", {}), **parameters.get("NewBudget", {})}
    if service == "events" and parameters.get("EventBusName") == "default":
        return {name: value for name, value in parameters.items() if name != "EventBusName"}
    if service == "scheduler" and "Name" in parameters:
        return {"GroupName": parameters["Name"] if action.endswith("Group") else "default", **parameters}
    return parameters


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what ARNs of a format look like."""
    parts = _VARIABLE.split(template)
    return re.compile("".join(".*" if index % 2 else re.escape(part) for index, part in enumerate(parts)))


def _filled(template: str, given: Mapping[str, Any], place: Place) -> Iterator[str]:
    fixed = {"Partition": "aws", "Region": place.region, "Account": place.account_id}
    names = [name for name in _VARIABLE.findall(template) if name not in fixed]
    if not names:
        return
    for first in _values(names[0], given):
        if first.startswith("arn:"):
            if first.split(":")[2] == template.split(":")[2]:
                yield first
            continue
        values = {**fixed, names[0]: first}
        values.update({name: next(iter(_values(name, given)), _LEFT_OPEN) for name in names[1:]})
        yield _VARIABLE.sub(lambda found, values=values: values[found[1]], template)  # type: ignore[misc]


def _values(variable: str, given: Mapping[str, Any]) -> list[str]:
    """Return the values of a variable of an ARN format; a list parameter has several."""
    name = variable.lower()
    stem = name.removesuffix("name").removesuffix("id")
    for candidate in (name, *_SYNONYMS.get(name, ()), f"{stem}arn", f"{stem}id", f"{stem}name"):
        value = given.get(candidate)
        if value:
            texts = [value] if isinstance(value, str) else [item for item in value if isinstance(item, str)]
            return [_as_in_arn(text, candidate, name) for text in texts]
    return []


def _as_in_arn(text: str, parameter: str, variable: str) -> str:
    if parameter == "queueurl":
        return text.rpartition("/")[2]
    return text.lstrip("/") if variable == "parameternamewithoutleadingslash" else text


def _with_stream(service: str, arn: str) -> str:
    # CloudWatch Logs checks a log group's actions on `<group>:log-stream:`, which `<group>:*` matches.
    is_group = service == "logs" and ":log-group:" in arn and ":log-stream:" not in arn
    return f"{arn.removesuffix(':*')}:log-stream:" if is_group else arn
