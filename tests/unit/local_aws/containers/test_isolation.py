"""A container sees its own /opt/ml, names, processes and network, and nothing is left on the host."""

import socket
from pathlib import Path

import pytest


def test_a_hard_coded_path_is_the_containers_own(bench):
    result = bench.script("open('/opt/ml/out.txt', 'w').write('hello')")

    assert (result.ml / "out.txt").read_text() == "hello"
    assert not Path("/opt/ml").exists()


def test_what_else_was_in_opt_is_still_there(bench):
    result = bench.script("import os; print(sorted(set(os.listdir('/opt')) - {'ml'}))")

    assert result.log.strip() == str(sorted(entry.name for entry in Path("/opt").iterdir() if entry.name != "ml"))


def test_nothing_stays_mounted(bench):
    bench.script("pass")

    assert "/opt/ml" not in Path("/proc/self/mounts").read_text()


def test_a_read_only_channel_cannot_be_written(bench, tmp_path):
    (tmp_path / "rows.csv").write_text("1,2")
    source = "p='/opt/ml/input/data/train/rows.csv'\nprint(open(p).read())\nopen(p, 'w')"

    result = bench.script(source, read_only={"/opt/ml/input/data/train": tmp_path})

    assert result.log.startswith("1,2\n")
    assert "Read-only file system" in result.log
    assert (tmp_path / "rows.csv").read_text() == "1,2"


@pytest.mark.parametrize("isolated", [True, False])
def test_only_an_isolated_job_cannot_reach_the_host(bench, isolated):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)"

        result = bench.script(source, isolated=isolated)

    assert result.code == (1 if isolated else 0)
    assert ("Connection refused" in result.log) is isolated


def test_an_isolated_job_has_no_way_out(bench):
    result = bench.script("import socket\nsocket.create_connection(('192.0.2.1', 443), 2)", isolated=True)

    assert "Network is unreachable" in result.log


@pytest.mark.parametrize("isolated", [True, False])
def test_hosts_of_a_group_reach_each_other_by_name(bench, isolated):
    listen = """
import socket
print(socket.create_server((socket.gethostbyname("algo-1"), 7777)).accept()[0].recv(9).decode())
"""
    talk = """
import socket, time
for _ in range(200):
    try:
        socket.create_connection(("algo-1", 7777)).sendall(b"hello")
        break
    except ConnectionRefusedError:
        time.sleep(0.02)
"""
    one = bench.spec(bench.new_root(), "python3", "-c", listen)
    two = bench.spec(bench.new_root(), "python3", "-c", talk, host="algo-2")

    result = bench.run(one, two, isolated=isolated)

    assert result.codes == (0, 0), result.logs
    assert result.log == "hello\n"


def test_a_container_sees_its_own_processes_and_name_only(bench):
    result = bench.script(
        "import os, socket\nprint([p for p in os.listdir('/proc') if p.isdigit()], socket.gethostname())"
    )

    assert result.log == "['1', '2'] algo-1\n"


def test_a_shell_finds_this_environments_python(bench):
    root = bench.new_root()
    command = "python3 -c 'import xgboost, sys; print(sys.argv[1])' $0 && pip3 --version && exit 3"

    result = bench.run(bench.spec(root, "/bin/bash", "-c", command, "argument"))

    assert result.code == 3
    assert result.log.startswith("argument\npip ")


@pytest.mark.parametrize(
    ("command", "code", "log"),
    [
        (("no-such-program",), 127, 'exec: "no-such-program": executable file not found in $PATH'),
        (("/opt/ml",), 126, 'exec: "/opt/ml": Permission denied'),
    ],
)
def test_a_command_that_cannot_start_says_so(bench, command, code, log):
    result = bench.run(bench.spec(bench.new_root(), *command))

    assert result.code == code
    assert log in result.log


def test_a_missing_working_directory_is_named(bench):
    result = bench.run(bench.spec(bench.new_root(), "python3", "-c", "pass", working_dir="/opt/ml/absent"))

    assert result.code == 126
    assert "cannot enter the working directory /opt/ml/absent" in result.log


def test_cpus_are_shared_out_and_bound(bench):
    source = "import os; print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"

    assert bench.script(source, cpus=1).log == "1 1\n"
    assert bench.script(source, cpus=1, environment={"OMP_NUM_THREADS": "4"}).log == "1 4\n"
