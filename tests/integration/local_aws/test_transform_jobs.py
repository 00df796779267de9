"""Transform jobs through boto3: a model from S3 answers every record of the input."""

import io
import tarfile

import pytest

from tests.integration.local_aws.job_driver import IMAGE, ROLE, JobDriver

SERVE = """
def model_fn(model_dir):
    return float(open(model_dir + '/factor').read())

def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    if 'broken' in text:
        raise ValueError('a broken record')
    return [[float(cell) for cell in line.split(',')] for line in text.splitlines()]

def predict_fn(rows, factor):
    return [sum(row) * factor for row in rows]

def output_fn(sums, accept):
    return '\\n'.join(str(value) for value in sums), 'text/csv'
"""


@pytest.fixture
def jobs(client, bucket, unique):
    return JobDriver(client, bucket, unique)


@pytest.fixture
def model(jobs):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (("factor", "2"), ("code/serve.py", SERVE)):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    jobs.s3.put_object(Bucket=jobs.bucket, Key="model/model.tar.gz", Body=buffer.getvalue())
    name = jobs.unique("model")
    container = {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{jobs.bucket}/model/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
    }
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    return name


def transform(jobs, model, **fields):
    name = jobs.unique("transform")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/in/"}}
    request = {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://{jobs.bucket}/out", "AssembleWith": "Line", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    jobs.sagemaker.create_transform_job(**{**request, **fields})
    return jobs.wait(name, "Transform")


def test_every_object_gets_an_output(jobs, model):
    jobs.put("in/a.csv", "1,2\n3,4\n")
    jobs.put("in/deep/b.csv", "5,5\n")

    job = transform(jobs, model)

    assert job["TransformJobStatus"] == "Completed", job
    assert jobs.get("out/a.csv.out") == "6.0\n14.0\n"
    assert jobs.get("out/deep/b.csv.out") == "20.0\n"


def test_filters_and_join_keep_the_identifier(jobs, model):
    jobs.put("in/a.csv", "id-1,1,2\nid-2,3,4\n")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}

    job = transform(jobs, model, DataProcessing=processing, BatchStrategy="SingleRecord")

    assert job["TransformJobStatus"] == "Completed", job
    assert jobs.get("out/a.csv.out") == "id-1,6.0\nid-2,14.0\n"


def test_a_record_that_the_model_refuses_fails_the_job(jobs, model):
    jobs.put("in/a.csv", "broken\n")

    job = transform(jobs, model)

    assert job["TransformJobStatus"] == "Failed"
    assert "a.csv: the model answered" in job["FailureReason"]
