"""Training jobs through boto3: the container contract, statuses, metrics and every way to end."""

import pytest

from tests.integration.local_aws.job_driver import JobDriver


@pytest.fixture
def jobs(client, bucket, unique):
    return JobDriver(client, bucket, unique)


def test_a_model_comes_out_of_a_channel(jobs):
    jobs.put("data/a.csv", "1,2")
    script = """
import json, pathlib, os
ml = pathlib.Path('/opt/ml')
hp = json.loads((ml / 'input/config/hyperparameters.json').read_text())
(ml / 'model/m.txt').write_text(hp['eta'] + (ml / 'input/data/train/a.csv').read_text())
(ml / 'output/data/notes.txt').write_text(os.environ['TRAINING_JOB_NAME'])
print('[3]\\ttrain-auc:0.5\\tvalidation-auc:0.75'); print('score=2;'); print('score=3;')
"""
    metrics = [{"Name": "score", "Regex": "score=([0-9.]+);"}]

    name = jobs.train(
        script,
        [jobs.channel("train", "data/")],
        hyperparameters={"eta": "0.1"},
        algorithm={"MetricDefinitions": metrics},
    )
    job = jobs.wait(name, "Training")

    assert job["TrainingJobStatus"] == "Completed", job
    assert jobs.unpack(f"models/{name}/output/model.tar.gz") == {"m.txt": "0.11,2"}
    assert jobs.unpack(f"models/{name}/output/output.tar.gz") == {"notes.txt": name}
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{jobs.bucket}/models/{name}/output/model.tar.gz"
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("score", 3.0)]
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert "[3]#011train-auc:0.5#011validation-auc:0.75" in jobs.log_lines("TrainingJobs", name)
