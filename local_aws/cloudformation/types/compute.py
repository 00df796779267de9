"""State machines and functions."""

import io
import json
import re
import zipfile

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resource import (
    Call,
    Existing,
    Made,
    Properties,
    ResourceType,
    changed_properties,
)
from local_aws.cloudformation.typed import request

_MACHINE = {
    "StateMachineName": "name",
    "StateMachineType": "type",
    "LoggingConfiguration": "loggingConfiguration",
    "TracingConfiguration": "tracingConfiguration",
}
_DEFINITIONS = {"DefinitionString", "Definition", "DefinitionS3Location", "DefinitionSubstitutions"}


def _state_machine(call: Call, properties: Properties) -> Properties:
    members = {_MACHINE.get(name, name): item for name, item in properties.items() if name not in _DEFINITIONS}
    values = properties.get("DefinitionSubstitutions", {})
    text = re.sub(r"\$\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), _definition(call, properties))
    return {**members, "definition": text}


def _definition(call: Call, properties: Properties) -> str:
    if "DefinitionString" in properties:
        return str(properties["DefinitionString"])
    if "Definition" in properties:
        return json.dumps(properties["Definition"])
    if "DefinitionS3Location" not in properties:
        raise ResourceError("A state machine needs DefinitionString, Definition or DefinitionS3Location")
    place = properties["DefinitionS3Location"]
    return str(call.client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read(), "utf-8")


def _function(_: Call, properties: Properties) -> Properties:
    code = dict(properties["Code"])
    if "ZipFile" in code:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(zipfile.ZipInfo("index.py"), code["ZipFile"])
        code["ZipFile"] = archive.getvalue()
    return {**properties, "Code": code}


class _Function(ApiType):
    """A function: its code changes by a call of its own."""

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        changed = changed_properties(existing.properties, properties)
        if "Code" in changed:
            members = {**_function(call, properties)["Code"], **existing.made.identity}
            members = request("lambda", "UpdateFunctionCode", members, is_partial=True)
            call.client("lambda").update_function_code(**members)
        return super().update(call, existing, properties)


def _permission(call: Call, properties: Properties) -> Properties:
    return {**properties, "StatementId": call.generated_name(100)}


TYPES: list[ResourceType] = [
    ApiType(
        name="AWS::StepFunctions::StateMachine",
        service="stepfunctions",
        create_call="CreateStateMachine",
        update_call="UpdateStateMachine",
        delete_call="DeleteStateMachine",
        ref="{stateMachineArn}",
        attributes={"Arn": "{stateMachineArn}", "Name": "{name}"},
        identity={"stateMachineArn": "{stateMachineArn}"},
        name_property="StateMachineName",
        name_limit=80,
        fixed=frozenset({"StateMachineType"}),
        request=_state_machine,
        tagging=Tagging("TagResource", "UntagResource", arn="resourceArn"),
    ),
    _Function(
        name="AWS::Lambda::Function",
        service="lambda",
        create_call="CreateFunction",
        update_call="UpdateFunctionConfiguration",
        delete_call="DeleteFunction",
        ref="{FunctionName}",
        attributes={"Arn": "{FunctionArn}"},
        identity={"FunctionName": "{FunctionName}"},
        name_property="FunctionName",
        name_limit=64,
        fixed=frozenset({"PackageType"}),
        dropped=frozenset({"ReservedConcurrentExecutions", "RuntimeManagementConfig", "RecursiveLoop"}),
        handled=frozenset({"Code"}),
        request=_function,
        tagging=Tagging("TagResource", "UntagResource", arn="Resource"),
    ),
    ApiType(
        name="AWS::Lambda::Permission",
        service="lambda",
        create_call="AddPermission",
        delete_call="RemovePermission",
        ref="{StatementId}",
        attributes={"Id": "{StatementId}"},
        identity={"FunctionName": "{FunctionName}", "StatementId": "{StatementId}"},
        request=_permission,
        has_tags=False,
    ),
]
