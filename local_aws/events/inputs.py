"""Make what a target receives from an event: all of it, a part, a constant, or a template.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from local_aws.step_functions import paths

_PLACE = re.compile(r"<([\w.-]+)>")


def input_of(target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, str], now: str) -> str:
    """Return the text that a target receives for an event.

    Args:
        target: The target, with at most one of Input, InputPath and InputTransformer.
        event: The event's envelope.
        rule: The `name` and `arn` of the rule, which templates can name.
        now: The time at which the event came in.
    """
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule, now)
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_selected(target["InputPath"], event))
    return json.dumps(event)


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, str], now: str) -> str:
    values = {name: _selected(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
    reserved = {
        "aws.events.event": {name: item for name, item in event.items() if name != "detail"},
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": now,
        "aws.events.rule-name": rule["name"],
        "aws.events.rule-arn": rule["arn"],
    }
    return _filled(str(transformer["InputTemplate"]), {**reserved, **values})


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Put values into a template: within quotes a text bare, anywhere else as JSON."""
    parts, at = [], 0
    for found in _PLACE.finditer(template):
        parts.append(template[at : found.start()])
        at = found.end()
        if found[1] not in values:
            parts.append(found[0])
            continue
        value = values[found[1]]
        is_quoted = len(re.findall(r'(?<!\\)"', "".join(parts))) % 2 == 1
        parts.append(_bare(value) if is_quoted else _standing(value, template))
    return "".join([*parts, template[at:]])


def _bare(value: Any) -> str:
    """Return a value inside of a quoted text."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]


def _standing(value: Any, template: str) -> str:
    """Return a value that stands by itself: as JSON within JSON, else as it is."""
    if isinstance(value, str) and not template.lstrip().startswith(("{", "[", "<")):
        return value
    return "" if value is None and not template.lstrip().startswith(("{", "[")) else json.dumps(value)


def _selected(path: str, event: Mapping[str, Any]) -> Any:
    """Return what a path selects; what is not there is nothing."""
    try:
        return paths.select(paths.parse(path), event)
    except paths.PathError:
        return None
