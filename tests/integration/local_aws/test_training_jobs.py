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


def test_the_failure_file_is_the_reason_and_no_model_is_kept(jobs):
    script = """
import pathlib
pathlib.Path('/opt/ml/model/half').write_text('x')
pathlib.Path('/opt/ml/output/data/trace').write_text('y')
pathlib.Path('/opt/ml/output/failure').write_text('labels are missing')
raise SystemExit(1)
"""
    name = jobs.train(script)

    job = jobs.wait(name, "Training")

    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == "AlgorithmError: labels are missing, exit code: 1"
    assert jobs.keys(f"models/{name}") == [f"models/{name}/output/output.tar.gz"]


def test_a_job_past_its_time_limit_keeps_its_model(jobs):
    script = "import time; open('/opt/ml/model/m','w').write('best so far'); time.sleep(60)"
    # Long enough for a loaded machine to start Python in.
    name = jobs.train(script, StoppingCondition={"MaxRuntimeInSeconds": 5})

    job = jobs.wait(name, "Training")

    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert jobs.unpack(f"models/{name}/output/model.tar.gz") == {"m": "best so far"}


def test_a_stopped_job_may_save_its_model(jobs):
    script = """
import signal, sys, time
def end(*_):
    open('/opt/ml/model/m', 'w').write('saved'); sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('ready', flush=True)
time.sleep(60)
"""
    name = jobs.train(script)
    jobs.until(lambda: jobs.has_logged("TrainingJobs", name, "ready"))

    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    job = jobs.wait(name, "Training")

    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "Stopping" in [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert jobs.unpack(f"models/{name}/output/model.tar.gz") == {"m": "saved"}


def test_checkpoints_come_back_to_the_next_job(jobs):
    script = """
import pathlib
file = pathlib.Path('/opt/ml/checkpoints/round')
file.write_text(str(int(file.read_text()) + 1 if file.exists() else 1))
"""
    config = {"S3Uri": f"s3://{jobs.bucket}/checkpoints"}

    for _ in range(2):
        jobs.wait(jobs.train(script, CheckpointConfig=config), "Training")

    assert jobs.get("checkpoints/round") == "2"


def test_a_fast_file_channel_looks_like_files(jobs):
    jobs.put("data/part/a.csv", "1,2")
    script = "open('/opt/ml/model/m','w').write(open('/opt/ml/input/data/train/part/a.csv').read())"

    name = jobs.train(script, [jobs.channel("train", "data/", "FastFile")])
    job = jobs.wait(name, "Training")

    assert job["TrainingJobStatus"] == "Completed", job
    assert jobs.unpack(f"models/{name}/output/model.tar.gz") == {"m": "1,2"}


def test_a_job_may_not_change_what_the_next_job_reads(jobs):
    jobs.put("data/a.csv", "original")
    script = """
file = '/opt/ml/input/data/train/a.csv'
open('/opt/ml/model/m', 'w').write(open(file).read()); open(file, 'w').write('spoiled')
"""
    for _ in range(2):
        name = jobs.train(script, [jobs.channel("train", "data/")])
        jobs.wait(name, "Training")

    assert jobs.unpack(f"models/{name}/output/model.tar.gz") == {"m": "original"}


def test_hosts_know_each_other_and_their_models_are_merged(jobs):
    script = """
import json, pathlib, socket
config = json.loads(pathlib.Path('/opt/ml/input/config/resourceconfig.json').read_text())
found = [socket.gethostbyname(host) for host in config['hosts']]
pathlib.Path('/opt/ml/model', config['current_host']).write_text(str(len(found)))
"""
    name = jobs.train(script, instances=2)
    job = jobs.wait(name, "Training")

    assert job["TrainingJobStatus"] == "Completed", job
    assert jobs.unpack(f"models/{name}/output/model.tar.gz") == {"algo-1": "2", "algo-2": "2"}


def test_the_image_logs_its_own_metrics(jobs):
    xgboost = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    script = "print('[0]\\ttrain-auc:0.6\\tvalidation-auc:0.61'); print('[1]\\ttrain-auc:0.7\\tvalidation-auc:0.65')"

    job = jobs.wait(jobs.train(script, algorithm={"TrainingImage": xgboost}), "Training")

    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics == {"train:auc": 0.7, "validation:auc": 0.65}


def test_describe_keeps_everything_that_was_given(jobs):
    given = {
        "Environment": {"A": "b"},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        "CheckpointConfig": {"S3Uri": f"s3://{jobs.bucket}/c", "LocalPath": "/opt/ml/checkpoints"},
    }

    job = jobs.wait(jobs.train("", **given), "Training")

    assert {key: job[key] for key in given} == given
    assert job["BillableTimeInSeconds"] >= 1


def test_tags_are_listed_and_changed(jobs):
    name = jobs.train("", Tags=[{"Key": "team", "Value": "red"}])
    arn = jobs.wait(name, "Training")["TrainingJobArn"]

    jobs.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "7"}])
    jobs.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost"])

    assert jobs.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"TrainingJobName": "not valid"}, "at 'trainingJobName' failed to satisfy constraint"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 3},
            },
            "MaxWaitTime",
        ),
        ({"algorithm": {"TrainingImage": "someone/else:1"}}, "cannot run the image 'someone/else:1'"),
        ({"algorithm": {"TrainingInputMode": "Pipe"}}, "input mode Pipe"),
        ({"algorithm": {"MetricDefinitions": [{"Name": "m", "Regex": "("}]}}, "is not valid"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large"}}, "needs InstanceType and InstanceCount"),
    ],
)
def test_a_wrong_request_is_refused_at_once(jobs, fields, message):
    with pytest.raises(jobs.sagemaker.exceptions.ClientError, match=message):
        jobs.train("", **fields)
