"""The deployed release workflow under enforced IAM, with tiny models and a judge that says what it is told."""

import io
import json
import tarfile
import time
import urllib.request
import zipfile

import boto3
import pytest

from pipelines.platform.deployment import deploy
from pipelines.platform.outputs import deployed_resources, stack_outputs
from pipelines.targets import Target
from tests.own_process import local_aws_process

LOOK = "WaitForLook"
DAY = 86_401
# The model's archive says what the judge will say of it.
SERVE = """
import json, os
def model_fn(folder):
    return open(os.path.join(folder, 'model.json')).read()
def transform_fn(model, body, content_type, accept):
    if json.loads(model).get('broken'):
        raise ValueError('a broken model')
    answer = {'probability': 0.5, 'label': 0, 'model_version': os.environ['MODEL_VERSION']}
    return json.dumps({'predictions': [answer]}), 'application/json'
"""
JUDGE = """
import json, pathlib, sys, tarfile
given = {name[2:-4]: pathlib.Path(folder) for name, folder in zip(sys.argv[2::2], sys.argv[3::2])}
model = json.load(tarfile.open(given['challenger'] / 'model.tar.gz').extractfile('model.json'))
metrics = json.loads((given['metrics'] / 'metrics.json').read_text())
plan = json.loads((given['plan'] / 'plan.json').read_text())
look = metrics['look']
verdict = model['verdict'] if look >= model['after'] else 'continue'
lines = sum(len(file.read_text().splitlines()) for file in given['capture'].rglob('*.jsonl'))
document = {'verdict': verdict, 'reason': f'told to {verdict}', 'ramp': 'advance', 'look': look, 'captured': lines,
            'plan': plan, 'metrics': metrics}
given['output'].mkdir(parents=True, exist_ok=True)
(given['output'] / 'verdict.json').write_text(json.dumps(document))
"""


def tar(**files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Releases:
    """Registers packages, approves them, and lets the time pass that their releases wait for."""

    def __init__(self, target):
        self.target, self.client = target, target.client
        self.facts = json.loads(stack_outputs(self.client("cloudformation"), "FlightDelay-sandbox-Release")["Release"])
        self.endpoint, self.machine = self.facts["endpoint"], self.facts["release_machine"]
        self.sagemaker, self.states = self.client("sagemaker"), self.client("stepfunctions")
        self._teach_the_judge()
        self.clock(speed=60)

    def clock(self, **change):
        body = json.dumps(change).encode()
        request = urllib.request.Request(f"{self.target.endpoint_url}/_local_aws/clock", data=body)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def denied(self):
        with urllib.request.urlopen(f"{self.target.endpoint_url}/_local_aws/iam/usage", timeout=60) as response:
            return json.load(response)["used_but_not_granted"]

    def _teach_the_judge(self):
        definition = json.loads(self.states.describe_state_machine(stateMachineArn=self.machine)["definition"])
        inputs = definition["States"]["Judge"]["Parameters"]["ProcessingInputs"]
        uri = next(item["S3Input"]["S3Uri"] for item in inputs if item["InputName"] == "code")
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as program:
            program.writestr("__main__.py", JUDGE)
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())

    def register(self, verdict="promote", after=3, **model):
        artifacts = self.target.resources.buckets.artifacts
        key = f"training/job-{time.time_ns()}/output/model.tar.gz"
        text = json.dumps({"verdict": verdict, "after": after, **model.pop("model", {})})
        archive = tar(**{"code/serve.py": SERVE, "model.json": text})
        self.client("s3").put_object(Bucket=artifacts, Key=key, Body=archive)
        source = {"ContentType": "application/json", "S3Uri": f"s3://{artifacts}/evaluations/x/evaluation.json"}
        baselines = {
            "ModelQuality": {"Statistics": source},
            "ModelDataQuality": dict.fromkeys(("Statistics", "Constraints"), source),
        }
        environment = {
            "SAGEMAKER_PROGRAM": "serve.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "PIP_NO_BUILD_ISOLATION": "0",
        }
        container = {
            "Image": self.target.resources.image,
            "ModelDataUrl": f"s3://{artifacts}/{key}",
            "Environment": environment,
        }
        request = {
            "ModelPackageGroupName": "flight-delay",
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": ["text/csv", "application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            "ModelMetrics": baselines,
            "DriftCheckBaselines": baselines,
            "CustomerMetadataProperties": {"auc": "0.75", "log_loss": "0.3", "decision_threshold": "0.2"},
        }
        return self.sagemaker.create_model_package(**{**request, **model})["ModelPackageArn"]

    def approve(self, package):
        """Return the execution that the approval starts."""
        known = set(self.executions())
        self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        return self.until(lambda: next(iter(set(self.executions()) - known), None))

    def executions(self, machine=None):
        found = self.states.list_executions(stateMachineArn=machine or self.machine)["executions"]
        return [item["executionArn"] for item in found]

    def visited(self, execution):
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        return [e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith("StateEntered")]

    def status(self, execution):
        return self.states.describe_execution(executionArn=execution)["status"]

    def rest(self, execution):
        """Wait until a release is over or waits for its next look."""
        self.until(lambda: self.status(execution) != "RUNNING" or self.visited(execution)[-1] == LOOK)

    def look(self, execution):
        """Let a day pass, and wait until the release rests again."""
        before = len(self.visited(execution))
        self.clock(advance_seconds=DAY)
        self.until(lambda: len(self.visited(execution)) > before)
        self.rest(execution)

    def end(self, execution):
        """Let days pass until a release is over; return its output."""
        self.rest(execution)
        while self.status(execution) == "RUNNING":
            self.look(execution)
        described = self.states.describe_execution(executionArn=execution)
        if "output" in described:
            return json.loads(described["output"])
        return {"outcome": described["status"], "error": described.get("error"), "reason": described.get("cause")}

    def release(self, **package):
        """Register and approve a package, and wait for its end; return package and output."""
        arn = self.register(**package)
        return arn, self.end(self.approve(arn))

    def weights(self):
        variants = self.sagemaker.describe_endpoint(EndpointName=self.endpoint)["ProductionVariants"]
        return {item["VariantName"]: item["CurrentWeight"] for item in variants}

    def package(self, arn):
        return self.sagemaker.describe_model_package(ModelPackageName=arn)

    def served_version(self):
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.endpoint, TargetVariant="champion", Body=b"{}", ContentType="application/json"
        )
        return json.loads(answer["Body"].read())["predictions"][0]["model_version"]

    def until(self, condition, seconds=90):
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError([self.visited(item)[-3:] for item in self.executions()])
            time.sleep(0.1)
        return found


@pytest.fixture(scope="session")
def releases(tmp_path_factory):
    with local_aws_process(tmp_path_factory.mktemp("release"), "--iam", "enforce") as environment:
        session = boto3.Session("test", "test", region_name="us-east-1")

        def find():
            return deployed_resources(target.client("cloudformation"), "sandbox")

        target = Target("local", session, find, endpoint_url=environment["AWS_ENDPOINT_URL"], variables=environment)
        deploy(target, "sandbox", "default")
        yield Releases(target)


@pytest.fixture(scope="session")
def first(releases):
    """The first release: (package, execution, output)."""
    package = releases.register()
    execution = releases.approve(package)
    return package, execution, releases.end(execution)
