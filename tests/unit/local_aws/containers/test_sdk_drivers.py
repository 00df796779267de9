"""The SageMaker SDK's own drivers, which ModelTrainer ships with a job, run unmodified."""

import importlib.util
from pathlib import Path

import pytest

RESOURCES = {
    "current_host": "algo-1",
    "hosts": ["algo-1"],
    "current_instance_type": "ml.m5.large",
    "instance_groups": [],
    "network_interface_name": "eth0",
}
SOURCE_CODE = {"source_dir": "code", "entry_script": "train.py", "command": None, "requirements": None}
TRAIN = """
import os, sys
print("argv", sys.argv[1:])
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write("trained")
"""


def sdk_files() -> dict[str, str]:
    spec = importlib.util.find_spec("sagemaker")  # found, not imported: that takes seconds
    folders = [Path(folder, "train") for folder in (spec.submodule_search_locations or () if spec else ())]
    package = next((folder for folder in folders if (folder / "templates.py").exists()), None)
    if package is None:
        pytest.skip("the SageMaker SDK is not installed")
    templates = {}
    exec((package / "templates.py").read_text(), templates)
    drivers = {
        f"input/data/sm_drivers/{path.relative_to(package / 'container_drivers')}": path.read_text()
        for path in (package / "container_drivers").rglob("*.py")
    }
    script = templates["TRAIN_SCRIPT_TEMPLATE"].format(
        working_dir="cd /opt/ml/input/data/code",
        install_requirements="",
        execute_driver=templates["EXECUTE_BASIC_SCRIPT_DRIVER"],
    )
    return {**drivers, "input/data/sm_drivers/sm_train.sh": script}


@pytest.mark.parametrize("sandbox", ["bench", "remap_bench"])
def test_model_trainers_drivers_run_the_users_script(request, sandbox):
    bench = request.getfixturevalue(sandbox)
    files = {
        **sdk_files(),
        "input/data/sm_drivers/sourcecode.json": SOURCE_CODE,
        "input/data/sm_drivers/distributed.json": {},
        "input/config/hyperparameters.json": {"eta": "0.1"},
        "input/config/inputdataconfig.json": {"train": {}},
        "input/config/resourceconfig.json": RESOURCES,
        "input/data/code/train.py": TRAIN,
        "model/.keep": "",
        "output/.keep": "",
    }
    driver = "/opt/ml/input/data/sm_drivers/sm_train.sh"
    root = bench.new_root(files)
    environment = {"TRAINING_JOB_NAME": "job"}

    result = bench.run(
        bench.spec(root, "/bin/bash", "-c", f"chmod +x {driver} && {driver}", environment=environment), isolated=True
    )

    assert result.code == 0, result.log
    assert "argv ['--eta', '0.1']" in result.log
    assert (result.ml / "model/model.txt").read_text() == "trained"
