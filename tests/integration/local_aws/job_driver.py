"""Drive jobs of the local AWS through boto3."""

import io
import tarfile
import time

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/job"


class JobDriver:
    """Starts jobs from literal scripts and waits for them."""

    def __init__(self, client, bucket, unique):
        self.sagemaker, self.s3, self.bucket, self.unique = client("sagemaker"), client("s3"), bucket, unique
        self.logs = client("logs")

    def put(self, key, text):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix=""):
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in listed]

    def process(self, script, inputs=(), outputs=(), *, instances=1, arguments=(), name=None, **fields):
        name = name or self.unique("job")
        self.put(f"{name}/code/script.py", script)
        request = self.request(name, inputs, outputs, instances=instances, arguments=arguments)
        self.sagemaker.create_processing_job(**{**request, **fields})
        return name

    def request(self, name, inputs=(), outputs=(), *, instances=1, arguments=()):
        code = self.source("code", f"{name}/code/script.py")
        command = ["python3", "/opt/ml/processing/input/code/script.py", *arguments]
        cluster = {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        return {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": command},
            "ProcessingResources": {"ClusterConfig": cluster},
            "ProcessingInputs": [code, *inputs],
            "ProcessingOutputConfig": {"Outputs": list(outputs)},
        }

    def train(self, script, channels=(), *, instances=1, hyperparameters=None, **fields):
        name = self.unique("train")
        self.put(f"{name}/code/script.py", script)
        algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", **fields.pop("algorithm", {})}
        algorithm.setdefault("ContainerEntrypoint", ["python3", "/opt/ml/input/data/code/script.py"])
        request = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "HyperParameters": hyperparameters or {},
            "AlgorithmSpecification": algorithm,
            "InputDataConfig": [self.channel("code", f"{name}/code/"), *channels],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {"InstanceCount": instances, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        self.sagemaker.create_training_job(**{**request, **fields})
        return name

    def channel(self, name, key, mode=None, **fields):
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{key}", **fields}
        given = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
        return {**given, "InputMode": mode} if mode else given

    def unpack(self, key):
        raw = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            return {m.name: archive.extractfile(m).read().decode() for m in archive if m.isfile()}

    def log_lines(self, group, name):
        streams = self.logs.describe_log_streams(logGroupName=f"/aws/sagemaker/{group}", logStreamNamePrefix=f"{name}/")
        return [
            event["message"]
            for stream in streams["logStreams"]
            for event in self.logs.get_log_events(
                logGroupName=f"/aws/sagemaker/{group}", logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def has_logged(self, group, name, line):
        try:
            return line in self.log_lines(group, name)
        except self.logs.exceptions.ResourceNotFoundException:
            return False

    def source(self, name, key, **fields):
        location = {"S3Uri": f"s3://{self.bucket}/{key}", "LocalPath": f"/opt/ml/processing/input/{name}"}
        return {"InputName": name, "S3Input": {**location, "S3DataType": "S3Prefix", "S3InputMode": "File", **fields}}

    def output(self, name, mode="EndOfJob"):
        location = {"S3Uri": f"s3://{self.bucket}/out/{name}", "LocalPath": f"/opt/ml/processing/{name}"}
        return {"OutputName": name, "S3Output": {**location, "S3UploadMode": mode}}

    def until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.05)

    def wait(self, name, kind="Processing", seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = getattr(self.sagemaker, f"describe_{kind.lower()}_job")(**{f"{kind}JobName": name})
            if job[f"{kind}JobStatus"] not in {"InProgress", "Stopping"}:
                return job
            time.sleep(0.05)
        raise TimeoutError(job)
