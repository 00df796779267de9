"""The `train` command in script mode, with the traps of the image's own toolkit."""

import io
import json
import tarfile

import pytest

from tests.unit.local_aws.containers.conftest import SKLEARN

CODE = "/opt/ml/input/data/code/sourcedir.tar.gz"


def sourcedir(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/") + ".py" if "." not in name else name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def job(script: str, hyperparameters=None, channels=None, files=None, program="train.py"):
    return {
        "input/config/hyperparameters.json": {
            "sagemaker_program": program,
            "sagemaker_submit_directory": CODE,
            **(hyperparameters or {}),
        },
        "input/config/inputdataconfig.json": {"train": {"ContentType": "text/csv"}, **(channels or {})},
        "input/config/resourceconfig.json": {
            "current_host": "algo-1",
            "hosts": ["algo-1"],
            "network_interface_name": "eth0",
        },
        "input/data/code/sourcedir.tar.gz": sourcedir(**{program: script, **(files or {})}),
    }


PRINT = (
    "import json, os, sys\nprint(json.dumps([sys.argv, {k: v for k, v in os.environ.items() if k.startswith('SM_')}]))"
)


def printed(result):
    assert result.code == 0, result.log
    return json.loads(next(line for line in result.log.splitlines() if line.startswith("[[")))


def test_arguments_are_sorted_and_without_those_of_the_toolkit(bench):
    given = {"eta": "0.1", "_tuning_objective_metric": "validation:auc", "sagemaker_job_name": '"j"', "Depth": "3"}

    arguments, _ = printed(bench.train(job(PRINT, given)))

    assert arguments == ["/opt/ml/code/train.py", "--Depth", "3", "--eta", "0.1"]


def test_hyperparameters_may_be_json_or_plain(bench):
    arguments, variables = printed(bench.train(job(PRINT, {"a": '"quoted"', "b": "plain", "c": "true"})))

    assert arguments[1:] == ["-a", "quoted", "-b", "plain", "-c", "True"]
    assert json.loads(variables["SM_HPS"]) == {"a": "quoted", "b": "plain", "c": True}


def test_the_environment_tells_the_script_where_everything_is(bench):
    _, variables = printed(bench.train(job(PRINT, {"eta": "0.1"}, {"code": {}})))

    expected = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_CHANNELS": '["code","train"]',
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_HP_ETA": "0.1",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_NUM_GPUS": "0",
        "SM_MODULE_NAME": "train",
        "SM_MODULE_DIR": CODE,
        "SM_USER_ARGS": '["--eta","0.1"]',
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_FRAMEWORK_MODULE": "sagemaker_xgboost_container.training:main",
        "SM_LOG_LEVEL": "20",
    }
    assert expected.items() <= variables.items()
    assert json.loads(variables["SM_TRAINING_ENV"])["hosts"] == ["algo-1"]


def test_a_script_that_raises_leaves_its_traceback_as_the_failure(bench):
    result = bench.train(job("raise ValueError('no rows')", {"eta": "1"}))

    assert result.code == 1
    assert result.failure.splitlines()[:5] == [
        "ExecuteUserScriptError:",
        "ExitCode 1",
        'ErrorMessage "ValueError: no rows"',
        'Command "python3 -m train --eta 1"',
        "Traceback (most recent call last):",
    ]
    assert 'File "/opt/ml/code/train.py", line 1' in result.failure


@pytest.mark.parametrize(("source", "code"), [("raise SystemExit(4)", 4), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_another_end_leaves_its_exit_code_as_the_failure(bench, source, code):
    result = bench.train(job(source))

    assert result.code == code
    assert result.failure.startswith(f"ExecuteUserScriptError:\nExitCode {code}\n")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "import argparse; argparse.ArgumentParser(prog='p').parse_args(['-c'])",
            "p: error: unrecognized arguments: -c",
        ),
        ("raise SystemExit('no rows')", "no rows"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "The script was killed by SIGKILL"),
    ],
)
def test_what_a_script_said_last_is_its_error_message(bench, source, words):
    assert f'ErrorMessage "{words}' in bench.train(job(source)).failure


def test_sigterm_reaches_the_script(bench):
    source = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
os.kill(os.getppid(), signal.SIGTERM)
while True:
    time.sleep(0.01)
"""

    assert bench.train(job(source)).code == 3


def test_pip_install_under_isolation_is_the_trap_it_is_on_sagemaker(bench):
    result = bench.train(job("print('ran')"), isolated=True)

    assert result.code == 1
    assert "InstallModuleError" in result.failure
    assert "No matching distribution found for setuptools>=40.8.0" in result.failure
    assert "ran" not in result.log


@pytest.mark.parametrize(("value", "code"), [("0", 0), ("false", 0), ("1", 1)])
def test_the_variable_against_the_trap_means_the_opposite_of_its_name(bench, value, code):
    environment = {"PIP_NO_BUILD_ISOLATION": value}

    assert bench.train(job("print('ran')"), isolated=True, environment=environment).code == code


def test_code_in_s3_cannot_be_fetched_under_isolation(bench):
    given = {"sagemaker_submit_directory": "s3://bucket/sourcedir.tar.gz"}
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

    result = bench.train(job("", given), isolated=True, environment=environment)

    assert result.code == 1
    assert "cannot download the code s3://bucket/sourcedir.tar.gz" in result.failure
    assert "pass the code as an input channel" in result.failure


def test_requirements_that_are_installed_pass_and_others_fail(bench):
    good = bench.train(job("print('ran')", files={"requirements.txt": "# none new\nxgboost-cpu>=3\n"}))
    bad = bench.train(job("print('ran')", files={"requirements.txt": "no-such-package==9\n"}))

    assert good.code == 0, good.log
    assert bad.code == 1
    assert "No matching distribution found for no-such-package==9" in bad.failure


def test_a_program_that_is_not_in_the_code_is_named(bench):
    result = bench.train(job("", {"sagemaker_program": "absent.py"}))

    assert "sagemaker_program is 'absent.py'" in result.failure
    assert "is: train.py" in result.failure


def test_missing_code_is_named(bench):
    result = bench.train(job("", {"sagemaker_submit_directory": "/opt/ml/input/data/nowhere"}))

    assert "sagemaker_submit_directory is '/opt/ml/input/data/nowhere', which does not exist" in result.failure


def test_a_shell_script_can_be_the_entry_point(bench):
    result = bench.train(job("echo got $1 $2 $SM_CHANNEL_TRAIN", {"eta": "1"}, program="run.sh"))

    assert result.code == 0, result.log
    assert "got --eta 1 /opt/ml/input/data/train" in result.log


def test_packages_beside_the_script_are_importable(bench):
    result = bench.train(job("import mine; print(mine.NAME)", files={"mine.py": "NAME = 'found'"}))

    assert "found\n" in result.log


def test_the_scikit_learn_image_has_no_algorithm_of_its_own(bench):
    result = bench.train({"input/config/hyperparameters.json": {}}, image=SKLEARN)

    assert "sagemaker_program is missing: the scikit-learn image" in result.failure


def test_script_mode_works_with_remapped_paths(remap_bench):
    arguments, variables = printed(remap_bench.train(job(PRINT, {"path": "/opt/ml/input/data/train"})))

    assert variables["SM_MODEL_DIR"].endswith("/opt/ml/model")
    assert variables["SM_MODEL_DIR"] != "/opt/ml/model"
    assert arguments[2] == variables["SM_CHANNEL_TRAIN"]


def test_a_script_that_needs_the_real_path_is_told_so_first(remap_bench):
    failure = remap_bench.train(job("open('/opt/ml/model/weights', 'w')")).failure

    assert failure.startswith("local AWS: this job uses the path /opt/ml literally")
    assert "FileNotFoundError" in failure
