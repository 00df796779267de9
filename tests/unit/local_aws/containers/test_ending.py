"""A group ends when it should, with everything it started."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_aws.containers.images import UnsupportedImageError
from local_aws.containers.process_runtime import ProcessRuntime, SandboxError, open_runtime
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.settings import Settings
from tests.unit.local_aws.containers.conftest import XGBOOST

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "{marker}"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "{marker}"])
    os._exit(0)
print("ready")
time.sleep(1000)
"""


def processes_with(marker: str) -> int:
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += marker in path.read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def new_marker() -> str:
    """Return seconds to sleep which no other process sleeps."""
    return str(10_000 + time.monotonic_ns() % 999_983)


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(params=["namespaces", "remap"])
def any_bench(request):
    return request.getfixturevalue("bench" if request.param == "namespaces" else "remap_bench")


def start(bench, *sources, isolated=False):
    specs = [
        bench.spec(bench.new_root(), "python3", "-c", source, host=f"algo-{number}")
        for number, source in enumerate(sources, 1)
    ]
    return bench.runtime.start(ContainerGroup("test", tuple(specs), isolated)), specs


def test_stop_kills_what_ignores_sigterm_and_all_its_descendants(any_bench):
    marker = new_marker()
    group, specs = start(any_bench, STUBBORN.replace("{marker}", marker))
    until(lambda: "ready" in specs[0].log_path.read_text() and processes_with(marker) == 2)

    group.stop(0.1)

    assert group.wait(0) == (-9,)
    assert processes_with(marker) == 0


def test_a_daemon_does_not_survive_the_command_that_started_it(any_bench):
    marker = new_marker()
    group, _ = start(any_bench, f"import subprocess; subprocess.Popen(['setsid', 'sleep', '{marker}'])")

    assert group.wait(20) == (0,)
    assert processes_with(marker) == 0


def test_stop_lets_a_command_end_by_itself(any_bench):
    source = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(4))\nprint('ready')\nwhile 1: time.sleep(0.01)"
    )
    group, specs = start(any_bench, source)
    until(lambda: "ready" in specs[0].log_path.read_text())

    group.stop(30)

    assert group.wait(0) == (4,)


def test_sigterm_ends_a_command_that_does_not_handle_it(bench):
    group, specs = start(bench, "import time; print('ready'); time.sleep(1000)")
    until(lambda: "ready" in specs[0].log_path.read_text())

    group.stop(30)

    assert group.wait(0) == (-15,)


def test_a_failing_host_ends_the_others(bench):
    group, _ = start(bench, "import time; time.sleep(1000)", "raise SystemExit(5)", isolated=True)

    assert group.wait(20) == (-15, 5)


def test_wait_gives_up_after_its_timeout(bench):
    group, _ = start(bench, "import time; time.sleep(1000)")

    assert group.wait(0.01) is None
    group.stop(0)


def test_close_ends_running_containers(tmp_path):
    runtime = ProcessRuntime(Settings(root=tmp_path, sandbox="remap"), preload=())
    marker = new_marker()
    spec = ContainerSpec("algo-1", XGBOOST, tmp_path / "job", ("sleep", marker), {}, tmp_path / "log.txt")
    group = runtime.start(ContainerGroup("test", (spec,)))
    until(lambda: processes_with(marker) == 1)

    runtime.close()

    assert group.wait(0) == (-9,)
    assert processes_with(marker) == 0


HOST = """
import sys, time
from pathlib import Path
sys.path.insert(0, {repository!r})
from local_aws.containers.process_runtime import ProcessRuntime
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.settings import Settings
root = Path({root!r})
runtime = ProcessRuntime(Settings(root=root, sandbox={sandbox!r}), preload=())
source = "import os, subprocess; subprocess.Popen(['sleep', '{marker}']); os.setsid() if os.fork() == 0 else 0; "
command = ("python3", "-c", source + "__import__('time').sleep({marker})")
spec = ContainerSpec("algo-1", {image!r}, root / "job", command, dict(), root / "log")
runtime.start(ContainerGroup("test", (spec,)))
time.sleep({marker})
"""


@pytest.mark.parametrize("sandbox", ["auto", "remap"])
def test_containers_die_with_a_local_aws_that_is_killed(tmp_path, sandbox):
    marker = new_marker()
    repository = str(Path(__file__).parents[4])
    program = HOST.format(repository=repository, root=str(tmp_path), sandbox=sandbox, image=XGBOOST, marker=marker)
    with subprocess.Popen([sys.executable, "-c", program]) as server:
        until(lambda: processes_with(marker) == 1, 60)

        server.kill()

        until(lambda: processes_with(marker) == 0)


def test_a_fork_server_that_died_is_replaced(tmp_path):
    runtime = ProcessRuntime(Settings(root=tmp_path, sandbox="remap"), preload=())
    runtime._client._process.kill()
    until(lambda: not runtime._client.is_alive)

    assert runtime.wait_until_warm(60)
    runtime.close()


def test_an_unknown_image_is_refused_at_once(bench):
    spec = bench.spec(bench.new_root(), "train", image="123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.1")

    with pytest.raises(UnsupportedImageError, match=r"pytorch:2\.1.*sagemaker-xgboost"):
        bench.runtime.start(ContainerGroup("test", (spec,)))


def test_namespaces_that_are_asked_for_but_impossible_are_an_error(tmp_path, monkeypatch):
    runtime = ProcessRuntime(Settings(root=tmp_path, sandbox="namespaces"), preload=())
    monkeypatch.setattr(runtime._client, "probe", lambda: (False, "unshare: Operation not permitted"))

    with pytest.raises(SandboxError, match="is 'namespaces', but unshare: Operation not"):
        _ = runtime.has_real_paths
    runtime.close()


def test_an_unknown_sandbox_is_refused(tmp_path):
    with pytest.raises(SandboxError, match="'docker'; allowed are auto, namespaces, remap"):
        open_runtime(Settings(root=tmp_path, sandbox="docker"))
