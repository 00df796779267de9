"""The jobs' command line, as a container starts it."""

import subprocess
import sys

import pytest

from processing.__main__ import main

FORBIDDEN = ("boto3", "botocore", "sagemaker", "xgboost", "sklearn", "matplotlib", "moto")


@pytest.mark.parametrize(("argv", "named"), [(["train"], "unknown job 'train'"), ([], "no job named")])
def test_an_unknown_job_is_refused_with_the_list_of_jobs(argv, named, capsys):
    assert main(argv, {}) == 2

    assert f"processing: {named}; jobs: prepare, evaluate" in capsys.readouterr().err


def test_a_job_gets_the_arguments_after_its_name(tmp_path, capsys):
    code = main(["prepare", "--raw-dir", str(tmp_path), "--message-file", str(tmp_path / "message")], {})

    assert code == 1
    assert "prepare: no Parquet file of the table 'flights'" in capsys.readouterr().err


def test_prepare_imports_only_what_it_needs():
    program = "import sys, processing.prepare; print([name for name in sys.argv[1:] if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", program, *FORBIDDEN], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
