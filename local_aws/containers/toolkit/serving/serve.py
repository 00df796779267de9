"""Be the `serve` command of a managed image. A simulation."""

import importlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from local_aws.containers.program_names import BASE_VARIABLE, SOCKET_NAME, SOCKET_VARIABLE
from local_aws.containers.toolkit import user_code
from local_aws.containers.toolkit.errors import ClientError, ToolkitError
from local_aws.containers.toolkit.serving.http_server import ModelServer, UnixModelServer
from local_aws.containers.toolkit.serving.predictor import Predictor
from local_aws.containers.toolkit.serving.script import ScriptPredictor
from local_aws.containers.toolkit.serving.xgboost_model import XGBoostPredictor

_PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"


def main(family: str) -> int:
    """Serve /opt/ml/model until SIGTERM; return the exit code where the model cannot be loaded."""
    signal.signal(signal.SIGTERM, _leave)
    base = Path(os.environ.get(BASE_VARIABLE, "/opt/ml"))
    try:
        predictor = load(base, family)
    except ToolkitError as error:
        print(f"local AWS: the model server cannot start: {error}", flush=True)  # noqa: T201 - the container's log
        return error.exit_code
    servers = _bind(base, predictor)
    print("local AWS: serving (a simulation of the image's model server)", flush=True)  # noqa: T201 - the log
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()
    return 0


def load(base: Path, family: str) -> Predictor:
    """Load what /opt/ml/model holds.

    Raises:
        ToolkitError: It cannot be served.
    """
    program = os.environ.get("SAGEMAKER_PROGRAM")
    if program:
        source = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or str(base / "model" / "code")
        code = base / "code"
        user_code.fetch(source, code)
        user_code.install(code)
        sys.path.insert(0, str(code))
        if not (code / program).is_file():
            raise ClientError(f"SAGEMAKER_PROGRAM is {program!r}, which is not in {source}")
        return ScriptPredictor(importlib.import_module(program.removesuffix(".py")), base / "model", family)
    if family == "xgboost":
        return XGBoostPredictor(base / "model")
    raise ClientError(f"SAGEMAKER_PROGRAM is not set: the {family} image serves in script mode only")


def _bind(base: Path, predictor: Predictor) -> list[ModelServer]:
    servers: list[ModelServer] = []
    if path := os.environ.get(SOCKET_VARIABLE, str(base / SOCKET_NAME)):
        servers.append(UnixModelServer(path, predictor))
    if port := os.environ.get(_PORT_VARIABLE):
        servers.append(ModelServer(("127.0.0.1", int(port)), predictor))
    return servers


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)
