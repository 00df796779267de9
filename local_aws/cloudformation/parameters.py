"""Resolve the parameters of a stack, and what its template's functions can see."""

import re
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation import stacks
from local_aws.cloudformation.errors import StackValidationError
from local_aws.cloudformation.stacks import Stack
from local_aws.cloudformation.template import Template
from local_aws.cloudformation.values import Scope

_SSM = "AWS::SSM::Parameter::Value<"


def scope_of(stack: Stack, template: Template, given: dict[str, str], imported: list[str]) -> Scope:
    """Return what the template's functions can see; `imported` collects the exports that they use.

    Raises:
        StackValidationError: A parameter is missing or wrong, or a rule of the template does not hold.
    """
    context = stack.context

    def import_value(name: str) -> Any:
        imported.append(name)
        found = stacks.exports(context).get(name)
        if found is None:
            raise StackValidationError(f"No export named {name} found.")
        return found["Value"]

    scope = Scope(
        stack_name=stack.name,
        stack_id=stack.stack_id,
        account_id=context.account_id,
        region=context.region,
        parameters=_values(stack, template, given),
        mappings=template.section("Mappings"),
        import_value=import_value,
        ssm_value=lambda name: _ssm(stack, name),
        conditions=template.section("Conditions"),
    )
    _check_rules(scope, template)
    return scope


def shown(template: Template, given: dict[str, str], scope: Scope) -> list[dict[str, str]]:
    """Return the parameters as DescribeStacks shows them."""
    result = []
    for name, declared in template.section("Parameters").items():
        text = given.get(name, declared.get("Default", ""))
        item = {"ParameterKey": name, "ParameterValue": "****" if _is_secret(declared) else str(text)}
        if str(declared["Type"]).startswith(_SSM):
            item["ResolvedValue"] = str(scope.parameters[name])
        result.append(item)
    return result


def _values(stack: Stack, template: Template, given: dict[str, str]) -> dict[str, Any]:
    declared = template.section("Parameters")
    if unknown := sorted(set(given) - set(declared)):
        raise StackValidationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := [name for name, item in declared.items() if name not in given and "Default" not in item]:
        raise StackValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(stack, name, item, given.get(name, item.get("Default"))) for name, item in declared.items()}


def _value(stack: Stack, name: str, declared: dict[str, Any], text: Any) -> Any:
    kind = str(declared["Type"])
    text = str(text)
    if kind.startswith(_SSM):
        text, kind = _ssm(stack, text), kind.removeprefix(_SSM).removesuffix(">")
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    items = [item.strip() for item in text.split(",")] if is_list else [text]
    for item in items:
        _check(name, declared, item)
    return items if is_list else text


def _check(name: str, declared: dict[str, Any], text: str) -> None:
    allowed = declared.get("AllowedValues")
    if allowed is not None and text not in [str(item) for item in allowed]:
        raise StackValidationError(
            f"Parameter '{name}' must be one of AllowedValues: {', '.join(str(item) for item in allowed)}"
        )
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, text):
        why = declared.get("ConstraintDescription", f"must match pattern {pattern}")
        raise StackValidationError(f"Parameter '{name}' failed to satisfy constraint: {why}")


def _is_secret(declared: dict[str, Any]) -> bool:
    return str(declared.get("NoEcho", "")).lower() == "true"


def _ssm(stack: Stack, name: str) -> str:
    try:
        found = stack.actor.client("ssm", stack.context.region).get_parameters(Names=[name])["Parameters"]
    except ClientError as err:
        raise StackValidationError(
            f"Unable to fetch parameters [{name}] from parameter store for this account."
        ) from err
    if not found:
        raise StackValidationError(f"Unable to fetch parameters [{name}] from parameter store for this account.")
    return str(found[0]["Value"])


def _check_rules(scope: Scope, template: Template) -> None:
    for rule in template.section("Rules").values():
        if "RuleCondition" in rule and not scope.resolve(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not scope.resolve(assertion["Assert"]):
                raise StackValidationError(
                    f"Template error: rule assertion failed: {assertion.get('AssertDescription', 'no description')}"
                )
