"""Processing jobs through boto3: what a client sees of jobs that succeed, fail, and are stopped."""

import time

import pytest

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/job"


class Jobs:
    def __init__(self, client, bucket, unique):
        self.sagemaker, self.s3, self.bucket, self._unique = client("sagemaker"), client("s3"), bucket, unique
        self.logs = client("logs")

    def put(self, key, text):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix=""):
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in listed]

    def start(self, script, inputs=(), outputs=(), instances=1, arguments=(), **fields):
        name = self._unique("job")
        self.put(f"{name}/code/script.py", script)
        code = self.source("code", f"{name}/code/script.py")
        self.sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=ROLE,
            AppSpecification={
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/script.py", *arguments],
            },
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            ProcessingInputs=[code, *inputs],
            ProcessingOutputConfig={"Outputs": list(outputs)},
            **fields,
        )
        return name

    def source(self, name, key, **fields):
        location = {"S3Uri": f"s3://{self.bucket}/{key}", "LocalPath": f"/opt/ml/processing/input/{name}"}
        return {"InputName": name, "S3Input": {**location, "S3DataType": "S3Prefix", "S3InputMode": "File", **fields}}

    def output(self, name, mode="EndOfJob"):
        location = {"S3Uri": f"s3://{self.bucket}/out/{name}", "LocalPath": f"/opt/ml/processing/{name}"}
        return {"OutputName": name, "S3Output": {**location, "S3UploadMode": mode}}

    def wait(self, name, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            if job["ProcessingJobStatus"] not in {"InProgress", "Stopping"}:
                return job
            time.sleep(0.05)
        raise TimeoutError(job)


@pytest.fixture
def jobs(client, bucket, unique):
    return Jobs(client, bucket, unique)


def test_inputs_and_outputs_go_through_s3(jobs):
    jobs.put("in/a.txt", "hello")
    script = "open('/opt/ml/processing/result/b.txt','w').write(open('/opt/ml/processing/input/data/a.txt').read()*2)"

    job = jobs.wait(jobs.start(script, [jobs.source("data", "in/")], [jobs.output("result")]))

    assert job["ProcessingJobStatus"] == "Completed", job
    assert jobs.get("out/result/b.txt") == "hellohello"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
