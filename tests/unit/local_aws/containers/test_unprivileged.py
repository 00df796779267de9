"""Without root, a user namespace gives the same sandbox."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.local_aws.containers.conftest import XGBOOST

REPOSITORY = str(Path(__file__).parents[4])
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

PROGRAM = """
import json, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from local_aws.containers.process_runtime import ProcessRuntime
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.settings import Settings

source = '''
import os, socket
open("/opt/ml/out.txt", "w").write("hello")
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError as error:
    print(error.strerror, [p for p in os.listdir("/proc") if p.isdigit()], socket.gethostbyname("algo-2"))
'''
with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    runtime = ProcessRuntime(Settings(root=root / "server"), preload=())
    user_namespace, reason = runtime._client.probe()
    answer = {"reason": reason, "user_namespace": user_namespace}
    if not reason:
        specs = tuple(
            ContainerSpec(host, sys.argv[2], root / host, ("python3", "-c", source), {}, root / host / "log.txt")
            for host in ("algo-1", "algo-2")
        )
        group = runtime.start(ContainerGroup("test", specs, network_isolated=True))
        answer["codes"] = group.wait(60)
        answer["log"] = (root / "algo-1/log.txt").read_text()
        answer["written"] = (root / "algo-1/opt/ml/out.txt").read_text()
    runtime.close()
print(json.dumps(answer))
"""


def interpreter_for_nobody() -> str:
    """Return a Python that the user nobody can run, which a virtual environment below /root is not."""
    check = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import local_aws.settings; "
        "assert sys.version_info >= (3, 11) and os.access(sys.executable, os.X_OK)"
    )
    for python in (sys.executable, "/usr/bin/python3"):
        tried = subprocess.run([*NOBODY, python, "-c", check, REPOSITORY], capture_output=True, check=False)
        if tried.returncode == 0 and tried.stderr == b"":
            return python
    pytest.skip("the user nobody can run no Python here, or cannot read this repository")


def test_an_unprivileged_user_gets_real_paths_and_isolation():
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv to become another user; the other tests run as this user anyway")
    command = [*NOBODY, interpreter_for_nobody(), "-c", PROGRAM, REPOSITORY, XGBOOST]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")

    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    if answer.get("reason"):
        pytest.skip(f"user namespaces are refused here: {answer['reason']}")
    assert answer["user_namespace"]
    assert answer["codes"] == [0, 0]
    assert answer["log"].endswith("Network is unreachable ['1', '2'] 127.0.1.2\n")
    assert answer["written"] == "hello"
