"""Read Lambda functions out of moto, which stores their zips but runs them in Docker only."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.errors import ResourceNotFoundError

_ARN_PARTS = 7


@dataclass(frozen=True)
class LambdaFunction:
    """What is needed to run a function."""

    arn: str
    name: str
    region: str
    handler: str
    runtime: str
    role_arn: str
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, str]
    code: bytes


def find_function(arn: str) -> LambdaFunction:
    """Return the function of an ARN, with its zip.

    Raises:
        ResourceNotFoundError: The text is no function's ARN, or there is no such function with a zip.
    """
    from moto.awslambda.exceptions import UnknownFunctionException  # noqa: PLC0415 - a second that only Lambda pays
    from moto.backends import get_backend  # noqa: PLC0415

    parts = arn.split(":")
    if len(parts) < _ARN_PARTS or parts[2] != "lambda":
        raise ResourceNotFoundError(
            f"'{arn}' is no Lambda function ARN (arn:aws:lambda:<region>:<account>:function:<name>)."
        )
    region, account_id = parts[3], parts[4]
    try:
        function = get_backend("lambda")[account_id][region].get_function(arn)
    except UnknownFunctionException as err:
        raise ResourceNotFoundError(f"Function not found: {arn}") from err
    if not getattr(function, "code_bytes", b""):
        raise ResourceNotFoundError(
            f"Function {arn} has no zip (PackageType {function.package_type}); only Zip is simulated."
        )
    return LambdaFunction(
        arn=arn,
        name=function.function_name,
        region=region,
        handler=function.handler or "",
        runtime=function.run_time or "",
        role_arn=function.role,
        timeout_seconds=float(function.timeout),
        memory_mb=int(function.memory_size),
        environment=dict(function.environment_vars),
        code=function.code_bytes,
    )
