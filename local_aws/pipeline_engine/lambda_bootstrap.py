"""Run one invocation of a Lambda handler; this file is the process's program and imports nothing of the local AWS.

Arguments: the folder with the function's code, the handler (`module.function`), the file for the result.
The event comes on standard input; standard output and error are the function's log.
"""

import importlib
import json
import os
import sys
import time
import traceback
import uuid


class Context:
    """The context object of the Lambda Python runtime."""

    def __init__(self) -> None:
        environ = os.environ
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = environ["LOCAL_AWS_FUNCTION_ARN"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = time.monotonic() + float(environ["LOCAL_AWS_TIMEOUT_SECONDS"])

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main(code: str, handler: str, result_path: str) -> None:
    """Invoke the handler and write `{"result": …}` or `{"error": {"type", "message"}}`."""
    sys.path.insert(0, code)
    event = json.load(sys.stdin)
    outcome: dict[str, object]
    try:
        module, _, function = handler.rpartition(".")
        handle = getattr(importlib.import_module(module.replace("/", ".")), function)
        outcome = {"result": handle(event, Context())}
        text = json.dumps(outcome)
    except BaseException as err:  # noqa: BLE001 - whatever a function raises is its result
        traceback.print_exc()
        text = json.dumps({"error": {"type": type(err).__name__, "message": str(err)}})
    with open(result_path, "w", encoding="utf-8") as file:  # noqa: PTH123 - starts faster without pathlib
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
