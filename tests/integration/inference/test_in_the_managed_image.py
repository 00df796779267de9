"""The archive as training leaves it, served by the managed image's stand-in: batch transform through the handlers."""

import numpy as np
import pytest
import xgboost as xgb

from tests.integration.local_aws.job_driver import IMAGE, ROLE, JobDriver
from tests.prepared_data import SPEC, flights

NAMES = list(SPEC.names)


@pytest.fixture
def jobs(client, bucket, unique):
    return JobDriver(client, bucket, unique)


@pytest.fixture
def model(jobs, model_dir):
    body = (model_dir / "model.tar.gz").read_bytes()
    jobs.s3.put_object(Bucket=jobs.bucket, Key="model/model.tar.gz", Body=body)
    name = jobs.unique("model")
    environment = {
        "SAGEMAKER_PROGRAM": "serve.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "MODEL_VERSION": "7",
        "DECISION_THRESHOLD": "0.3",
    }
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{jobs.bucket}/model/model.tar.gz", "Environment": environment}
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    return name


def transform(jobs, model, content_type):
    name = jobs.unique("transform")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/in/"}}
    jobs.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=model,
        TransformInput={"DataSource": source, "ContentType": content_type, "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{jobs.bucket}/out", "AssembleWith": "Line", "Accept": "text/csv"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    return jobs.wait(name, "Transform")


@pytest.mark.parametrize("content_type", ["text/csv", "application/jsonlines"])
def test_batch_transform_scores_every_row(jobs, model, model_dir, content_type):
    frame = flights(50, seed=4)
    booster = xgb.Booster(model_file=model_dir / "model.ubj")
    expected = booster.predict(xgb.DMatrix(SPEC.encode(frame), enable_categorical=True))
    is_csv = content_type == "text/csv"
    rows = frame[NAMES]
    jobs.put("in/a", rows.to_csv(index=False, header=False) if is_csv else rows.to_json(orient="records", lines=True))

    job = transform(jobs, model, content_type)

    assert job["TransformJobStatus"] == "Completed", job
    answers = [line.split(",") for line in jobs.get("out/a.out").split()]
    assert np.abs(np.float32([answer[0] for answer in answers]) - expected).max() < 1e-6
    assert {answer[2] for answer in answers} == {"7"}


def test_a_row_that_is_refused_fails_the_job_with_the_servers_own_words(jobs, model):
    jobs.put("in/a.csv", "1,2,9,AA\n1,strong,9,AA\n")

    job = transform(jobs, model, "text/csv")

    assert job["TransformJobStatus"] == "Failed"
    assert "column 'wind': 'strong' is not a number; allowed is a finite number or missing" in job["FailureReason"]
