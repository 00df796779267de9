"""Where /opt/ml cannot be mounted, paths are rewritten, and what cannot be rewritten is explained."""

import pytest

from local_aws.containers import remap


def test_paths_are_not_real(remap_bench):
    assert not remap_bench.runtime.has_real_paths


def test_arguments_and_environment_point_to_the_jobs_folder(remap_bench):
    source = "import os, sys\nopen(sys.argv[1], 'w').write(os.getcwd())\nopen(os.environ['TARGET'], 'w').write('two')"

    result = remap_bench.script(source, "/opt/ml/one.txt", environment={"TARGET": "/opt/ml/two.txt"})

    assert result.code == 0, result.log
    assert (result.ml / "one.txt").read_text() == str(result.ml)
    assert (result.ml / "two.txt").read_text() == "two"


def test_configuration_files_are_rewritten(remap_bench):
    root = remap_bench.new_root({"config/processingjobconfig.json": {"LocalPath": "/opt/ml/processing/output"}})
    source = "import json; print(json.load(open('config/processingjobconfig.json'))['LocalPath'])"

    result = remap_bench.run(remap_bench.spec(root, "python3", "-c", source))

    assert result.log == f"{root}/opt/ml/processing/output\n"


def test_a_hard_coded_path_gets_a_hint_that_names_the_place(remap_bench):
    result = remap_bench.script("import sys\nopen('/opt/ml/input/rows.csv')")

    assert result.code == 1
    assert "code/script.py:2: open('/opt/ml/input/rows.csv')" in result.log
    assert "sandbox='namespaces'" in result.log


def test_a_script_that_makes_the_real_folder_is_told_that_its_output_is_lost(remap_bench, monkeypatch, tmp_path):
    monkeypatch.setattr(remap, "REAL_ML", tmp_path / "ml")  # stands for /opt/ml of this machine, which stays untouched

    result = remap_bench.script(f"import os  # /opt/ml\nos.makedirs({str(tmp_path / 'ml')!r})")

    assert result.code == 0
    assert "this job uses the path /opt/ml literally" in result.log


def test_another_failure_gets_no_hint(remap_bench):
    result = remap_bench.script("default = '/opt/ml/input'\nraise ValueError('rows')")

    assert result.code == 1
    assert "local AWS" not in result.log


def test_a_read_only_channel_is_linked(remap_bench, tmp_path):
    (tmp_path / "rows.csv").write_text("1,2")
    source = "import sys; print(open(sys.argv[1]).read())"

    result = remap_bench.script(
        source, "/opt/ml/input/data/train/rows.csv", read_only={"/opt/ml/input/data/train": tmp_path}
    )

    assert result.log == "1,2\n"


def test_hosts_resolve_in_python(remap_bench):
    result = remap_bench.script(
        "import socket; print(socket.gethostbyname('algo-1'), socket.getaddrinfo('algo-1', 80)[0][4])"
    )

    assert result.log == "127.0.0.1 ('127.0.0.1', 80)\n"


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("/opt/ml", "/r/opt/ml"),
        ("--x=/opt/ml/model", "--x=/r/opt/ml/model"),
        ("file:///opt/ml/a", "file:///r/opt/ml/a"),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/home/opt/ml", "/home/opt/ml"),
    ],
)
def test_only_the_containers_own_folder_is_rewritten(text, rewritten, tmp_path):
    assert remap.rewrite(text, type(tmp_path)("/r")) == rewritten
