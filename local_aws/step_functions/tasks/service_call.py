"""Call any operation of any service, as the aws-sdk integrations do: parameters and results in PascalCase."""

import base64
import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.sagemaker.validation import operation_model
from local_aws.step_functions.errors import RUNTIME, StatesError
from local_aws.step_functions.resources import Resource, method_of
from local_aws.step_functions.run import Branch
from local_aws.step_functions.tasks.error_names import error_of
from local_aws.step_functions.tasks.parameters import ParameterError, as_request
from local_aws.step_functions.timestamps import text_of

_LEADING_CAPITALS = re.compile(r"^[A-Z]+(?=[A-Z][a-z]|$)")


def call(branch: Branch, resource: Resource, given: Any, role_arn: str) -> dict[str, Any]:
    """Return the response of a call.

    Raises:
        StatesError: The service refused it, or the parameters are none of the operation's.
    """
    model = operation_model(resource.service, resource.action)
    try:
        request = as_request(model.input_shape, given) if model.input_shape else {}
    except ParameterError as err:
        raise _unusable(given, str(err)) from err
    response = send(branch, resource, request, role_arn)
    response.pop("ResponseMetadata", None)
    return _as_result(model.output_shape, response) if model.output_shape else {}


def send(branch: Branch, resource: Resource, request: Mapping[str, Any], role_arn: str) -> dict[str, Any]:
    """Return botocore's response to a request in botocore's own spelling.

    Raises:
        StatesError: The service refused it, or could not be reached.
    """
    client = branch.run.client(resource.service, role_arn)
    try:
        return dict(getattr(client, method_of(resource))(**request))
    except ClientError as err:
        raise error_of(resource, err) from err
    except ParamValidationError as err:
        raise _unusable(request, str(err)) from err
    except BotoCoreError as err:
        branch.check()  # where the server ends, that is the reason
        raise StatesError(f"{error_of(resource, None).name}.SdkClientException", str(err)) from err


def _unusable(given: Any, why: str) -> StatesError:
    text = f"The Parameters '{json.dumps(given, default=str)}' could not be used to start the Task: [{why}]"
    return StatesError(RUNTIME, text)


def _as_result(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {
            pascal(name): _as_result(shape.members[name], item) for name, item in value.items() if name in shape.members
        }
    if isinstance(shape, ListShape):
        return [_as_result(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _as_result(shape.value, item) for key, item in value.items()}
    return plain(value)


def plain(value: Any) -> Any:
    """Return a value of a response as JSON has it: moments as RFC 3339, bytes and streams as text."""
    if isinstance(value, dt.datetime):
        return text_of(value)
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value


def pascal(name: str) -> str:
    """Return a member's name as the integrations show it: `stateMachineArn` is `StateMachineArn`, `DBName` `DbName`."""
    found = _LEADING_CAPITALS.match(name)
    if found and len(found[0]) > 1:
        name = found[0].capitalize() + name[found.end() :]
    return name[:1].upper() + name[1:]
