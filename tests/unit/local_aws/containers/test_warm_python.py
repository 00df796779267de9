"""A container's Python runs in a warm fork and cannot tell."""

import json
import subprocess
import sys
import zipfile

import pytest


def test_a_script_runs_with_the_libraries_imported_already(bench):
    source = """
import sys
warm = "xgboost" in sys.modules and "pandas" in sys.modules
import pandas, xgboost
print(warm, sys.argv, __name__, __file__)
"""

    result = bench.script(source, "--rounds", "3")

    assert result.codes == (0,)
    assert result.log.strip() == "True ['/opt/ml/code/script.py', '--rounds', '3'] __main__ /opt/ml/code/script.py"


@pytest.mark.parametrize("name", ["local_aws", "usecase", "processing", "pipelines"])
def test_the_repository_cannot_be_imported(bench, name):
    result = bench.script(f"import {name}")

    assert result.code == 1
    assert f"No module named '{name}'" in result.log


def test_one_job_leaves_nothing_to_the_next(bench):
    source = """
import json, os, random, sys
assert not hasattr(json, "planted") and "PLANTED" not in os.environ and "/x" not in sys.path
json.planted = os.environ["PLANTED"] = "1"
sys.path.append("/x")
print(random.random())
"""

    one, two = bench.script(source), bench.script(source)

    assert (one.code, two.code) == (0, 0), two.log
    assert one.log != two.log


def test_the_environment_is_what_the_spec_says(bench):
    result = bench.script(
        "import json, os; print(json.dumps(dict(os.environ)))", environment={"ANSWER": "42", "TZ": "Asia/Tokyo"}
    )

    names = set(json.loads(result.log))
    ours = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONUNBUFFERED", "OMP_WAIT_POLICY"}
    assert names == ours | {"ANSWER", "TZ"}


@pytest.mark.parametrize(
    ("source", "code", "log"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("raise SystemExit", 0, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import atexit; atexit.register(print, 'bye')", 0, "bye"),
        (
            "import threading, time; threading.Thread(target=lambda: (time.sleep(.05), print('late'))).start()",
            0,
            "late",
        ),
        ("import sys; print(sys.stdin.read() == '')", 0, "True"),
    ],
)
def test_a_script_ends_as_under_the_interpreter(bench, source, code, log):
    result = bench.script(source)

    assert result.code == code
    assert result.log.strip() == log


def test_a_traceback_is_what_the_interpreter_prints(bench):
    source = "def f():\n    return 1 / 0\nf()\n"

    result = bench.script(source)

    script = result.ml / "code/script.py"
    expected = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False).stderr
    assert result.code == 1
    assert result.log == expected.replace(str(script), "/opt/ml/code/script.py")


def test_output_of_both_streams_arrives_in_order_as_it_is_written(bench):
    result = bench.script("import os, sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', end='')\nos._exit(0)")

    assert result.log == "a\nb\nc"


def test_modules_code_and_archives_run_warm_too(bench):
    root = bench.new_root({"code/package/__main__.py": "import sys; print('module', sys.argv[1:])"})
    with zipfile.ZipFile(root / "opt/ml/app.pyz", "w") as archive:
        archive.writestr("__main__.py", "import inside, sys; print(inside.NAME, sys.argv)")
        archive.writestr("inside.py", "NAME = 'archive'")

    module = bench.run(bench.spec(root, "python", "-m", "package", "x", working_dir="/opt/ml/code"))
    archive_result = bench.run(bench.spec(root, "python3", "-u", "/opt/ml/app.pyz", "y"))
    code = bench.run(bench.spec(root, "python3", "-c", "import sys; print(sys.argv, 'xgboost' in sys.modules)", "z"))

    assert module.log == "module ['x']\n"
    assert archive_result.log.endswith("archive ['/opt/ml/app.pyz', 'y']\n")
    assert code.log.endswith("['-c', 'z'] True\n")


def test_classes_of_a_script_can_be_pickled(bench):
    result = bench.script("import pickle\nclass A: x = 1\nprint(pickle.loads(pickle.dumps(A())).x)")

    assert result.log == "1\n"


def test_a_missing_script_is_reported_as_by_the_interpreter(bench):
    result = bench.run(bench.spec(bench.new_root(), "python3", "/opt/ml/absent.py"))

    assert result.code == 2
    assert "can't open file '/opt/ml/absent.py': [Errno 2] No such file or directory" in result.log


def test_a_hash_seed_is_honoured_by_a_new_interpreter(bench):
    source = "import sys; print(hash('a'), 'xgboost' in sys.modules)"

    logs = {bench.script(source, environment={"PYTHONHASHSEED": "5"}).log for _ in range(2)}

    assert len(logs) == 1
    assert logs.pop().endswith("False\n")


def test_openmp_uses_the_threads_that_the_environment_asks_for(bench):
    source = "import threadpoolctl\nprint({pool['num_threads'] for pool in threadpoolctl.threadpool_info()})"

    result = bench.script(source, environment={"OMP_NUM_THREADS": "1"})

    assert result.log == "{1}\n"
