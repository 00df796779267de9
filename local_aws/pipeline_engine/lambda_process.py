"""Invoke a Lambda function in a process of its own, under its own role."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws.data_plane import DataPlane
from local_aws.errors import LocalAwsError
from local_aws.moto_adapters.lambda_code import LambdaFunction

_BOOTSTRAP = Path(__file__).with_name("lambda_bootstrap.py")


class LambdaFailedError(LocalAwsError):
    """The function raised, timed out or could not be run."""


def invoke(plane: DataPlane, function: LambdaFunction, event: dict[str, Any], *, timeout_seconds: float) -> Any:
    """Return what the function's handler returns for an event; its output lands in CloudWatch Logs.

    Raises:
        LambdaFailedError: The runtime is not Python, the handler raised, or the time was up.
    """
    if not function.runtime.startswith("python"):
        raise LambdaFailedError(f"Runtime '{function.runtime}' is not simulated; supported are the Python runtimes.")
    with tempfile.TemporaryDirectory(prefix="local-aws-lambda-") as folder:
        code, result, log = Path(folder, "code"), Path(folder, "result.json"), Path(folder, "log.txt")
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(code)
        environment = _environment(plane, function, timeout_seconds)
        try:
            _run([str(code), function.handler, str(result)], environment, json.dumps(event), log, timeout_seconds)
        finally:
            _ship_log(plane, function, environment["AWS_LAMBDA_LOG_STREAM_NAME"], log)
        return _result_of(result)


def _run(arguments: list[str], environment: dict[str, str], event: str, log: Path, timeout_seconds: float) -> None:
    """Run the bootstrap; a function that is out of time is killed with all it started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", str(_BOOTSTRAP), *arguments],
            cwd=arguments[0],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.communicate(event.encode(), timeout=timeout_seconds)
        except subprocess.TimeoutExpired as err:
            raise LambdaFailedError(f"Task timed out after {timeout_seconds:.2f} seconds") from err
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _result_of(path: Path) -> Any:
    if not path.exists():
        raise LambdaFailedError("Runtime.ExitError: the function's process exited before it returned")
    outcome = json.loads(path.read_text(encoding="utf-8"))
    if "error" in outcome:
        raise LambdaFailedError(f"{outcome['error']['type']}: {outcome['error']['message']}")
    return outcome["result"]


def _environment(plane: DataPlane, function: LambdaFunction, timeout_seconds: float) -> dict[str, str]:
    day = time.strftime("%Y/%m/%d", time.gmtime())
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **plane.client.environment(function.region, function.role_arn),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{day}/[$LATEST]{uuid.uuid4().hex}",
        "LOCAL_AWS_FUNCTION_ARN": function.arn,
        "LOCAL_AWS_TIMEOUT_SECONDS": str(timeout_seconds),
        **function.environment,
    }


def _ship_log(plane: DataPlane, function: LambdaFunction, stream: str, log: Path) -> None:
    """Write the function's output to its log group."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    if not any(lines):
        return
    logs, group = plane.client("logs", function.region), f"/aws/lambda/{function.name}"
    try:
        logs.create_log_group(logGroupName=group)
    except ClientError as err:
        if err.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(plane.clock.time() * 1000)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": now, "message": line} for line in lines if line],
    )
