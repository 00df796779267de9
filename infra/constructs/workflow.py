"""Make a state machine from an Amazon States Language file of `infra/workflows`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

_FOLDER = Path(__file__).parents[1] / "workflows"
_PLACE = re.compile(r"\$\{(\w+)\}")


class Workflow(Construct):
    """A state machine; `${Name}` in its definition stands for a value of `values`.

    What is known is put in here: numbers, lists, objects, names. A token, which only CloudFormation knows, it puts in
    itself (DefinitionSubstitutions, which know texts only).

    Args:
        file: Name of the definition's file.
        name: Of the state machine.
        values: What the definition speaks of.
        log_group: Where executions are logged, without their data.

    Attributes:
        arn: Of the state machine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        file: str,
        name: str,
        role: iam.IRole,
        values: Mapping[str, Any],
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        texts: dict[str, str] = {}
        definition = _filled(json.loads((_FOLDER / file).read_text()), values, texts)
        destination = sfn.CfnStateMachine.LogDestinationProperty(
            cloud_watch_logs_log_group=sfn.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                log_group_arn=log_group.log_group_arn
            )
        )
        self.resource = sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=name,
            role_arn=role.role_arn,
            definition_string=json.dumps(definition, separators=(",", ":")),
            definition_substitutions=dict(sorted(texts.items())) or None,
            logging_configuration=sfn.CfnStateMachine.LoggingConfigurationProperty(
                level="ALL", include_execution_data=False, destinations=[destination]
            ),
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        )
        self.arn = self.resource.attr_arn


def _filled(value: Any, values: Mapping[str, Any], texts: dict[str, str]) -> Any:
    """Return a copy of a definition in which only tokens are left to put in; these are added to `texts`.

    Raises:
        KeyError: A name has no value.
    """
    if isinstance(value, dict):
        return {name: _filled(item, values, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, texts) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole and not isinstance(values[whole[1]], str):
        return _named(whole[1], values[whole[1]], texts)
    return _PLACE.sub(lambda found: str(_named(found[1], values[found[1]], texts)), value)


def _named(name: str, value: Any, texts: dict[str, str]) -> Any:
    """Return a value whose tokens are names for CloudFormation to put in."""
    if isinstance(value, str):
        if not Token.is_unresolved(value):
            return value
        texts[name] = value
        return f"${{{name}}}"
    if isinstance(value, list):
        return [_named(f"{name}{number}", item, texts) for number, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            key: item if key.endswith(".$") else _named(f"{name}{_letters(key)}", item, texts)
            for key, item in value.items()
        }
    return value


def _letters(key: str) -> str:
    return "".join(part for part in key.title() if part.isalnum())
