"""Register the operations of Step Functions by their API names."""

import re
from collections.abc import Callable
from typing import Any

from local_aws.sagemaker.operations import Context
from local_aws.step_functions.errors import states_api_error
from local_aws.store import Record

Request = dict[str, Any]
Response = dict[str, Any]
Operation = Callable[[Context, Request], Response]
_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
OPERATIONS: dict[str, Operation] = {}


def operation(function: Operation) -> Operation:
    """Register a function as the operation of its name in CamelCase."""
    name = "".join(word.capitalize() for word in function.__name__.split("_"))
    OPERATIONS[name] = function
    return function


def checked_name(name: str) -> str:
    """Return the name of a machine or an execution.

    Raises:
        ApiError: InvalidName: it has characters that names must not have.
    """
    if _FORBIDDEN.search(name):
        raise states_api_error(
            "InvalidName", f"Invalid Name: '{name}'; no blanks, wildcards, brackets or special characters"
        )
    return name


def page(records: list[Record], request: Request) -> tuple[list[Record], dict[str, str]]:
    """Return a page of records, and the token of the next one."""
    limit = request.get("maxResults") or 1000
    try:
        first = int(request.get("nextToken") or 0)
    except ValueError as err:
        raise states_api_error("InvalidToken", f"Invalid Token: '{request['nextToken']}'") from err
    more = {"nextToken": str(first + limit)} if first + limit < len(records) else {}
    return records[first : first + limit], more
