"""The deployed workflows that monitor and retrain, under enforced IAM, with a monitor job that does as the day says."""

import datetime as dt
import io
import json
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile

import boto3
import pytest

from local_aws import launcher
from pipelines.platform.deployment import deploy
from pipelines.platform.outputs import deployed_resources, stack_outputs
from pipelines.targets import Target

SERVE = """
def model_fn(folder):
    return None
def transform_fn(model, body, content_type, accept):
    return '{"predictions": []}', 'application/json'
"""
# The verbs of the processing code that these workflows start. The monitor carries all it ever read in its state.
PROGRAM = """
import datetime, json, pathlib, sys, time
flags = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if sys.argv[1] != 'monitor':
    time.sleep(600)
folders = {name: pathlib.Path(flags[f'--{name}-dir']) for name in ('capture', 'ground-truth', 'state', 'output')}
orders = {file.name for file in folders['capture'].iterdir()}
if 'FAIL' in orders:
    message = pathlib.Path('/opt/ml/output/message')
    message.parent.mkdir(parents=True, exist_ok=True)
    message.write_text('told to fail')
    sys.exit(1)
if 'SLOW' in orders:
    time.sleep(8)
before = [json.loads(file.read_text())['read'] for file in folders['state'].rglob('state.json')]
kinds = ('capture', 'ground-truth')
read = {kind: sorted(file.read_text() for file in folders[kind].rglob('*.jsonl')) for kind in kinds}
told = {kind: [*(before[0][kind] if before else []), *items] for kind, items in read.items()}
day = datetime.date.fromisoformat(flags['--day'])
following = day + datetime.timedelta(days=1)
folder = f"monitoring/{flags['--endpoint']}/{flags['--variant']}/{day:%Y/%m/%d}"
place = [{'Name': 'Endpoint', 'Value': flags['--endpoint']}, {'Name': 'Variant', 'Value': flags['--variant']}]
metrics = [
    {'MetricName': 'Violations', 'Value': 0, 'Dimensions': [*place, {'Name': 'Monitor', 'Value': kind}]}
    for kind in flags['--kinds'].split(',')
]
names = {name: sorted(file.name for file in pathlib.Path(flags[f'--{name}-dir']).rglob('*') if file.is_file())
         for name in ('model', 'baseline', 'evaluation')}
documents = {
    'report.json': {'flags': flags, 'inputs': names},
    'metrics.json': {'Namespace': 'FlightDelay/Monitoring', 'MetricData': metrics},
    'state/state.json': {'read': told},
    'next.json': {'schema_version': 1, 'next_day': following.isoformat(), 'next_prefix': f'{following:%Y/%m/%d}',
                  'state_prefix': f'{folder}/state/'},
}
for name, document in documents.items():
    file = folders['output'] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))
"""
ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}


class Server:
    """A local AWS in a process of its own, that can be restarted."""

    def __init__(self, root):
        self.root = root

    def up(self):
        command = [sys.executable, "-m", "local_aws", "up", "--root", str(self.root), "--iam", "enforce"]
        subprocess.run(command, check=True, capture_output=True)
        return dict(launcher.status(self.root).environment)

    def down(self):
        launcher.down(self.root)


class Monitoring:
    """Writes what was captured, runs the machines, and reads what they left."""

    def __init__(self, server, environment):
        self.server = server
        self.connect(environment)
        deploy(self.target, "sandbox", "default")
        self.facts = self._outputs("Monitoring")
        release = self._outputs("Release")
        self.bucket, self.endpoint = release["capture_bucket"], release["endpoint"]
        self._teach_the_job()
        self._serve(release["endpoint_role"])
        self._pass_the_schedule()
        self.clock(speed=60)
        self.today = self.local_time().date()  # of the test that runs: others let days pass

    def connect(self, environment):
        session = boto3.Session("test", "test", region_name="us-east-1")

        def find():
            return deployed_resources(self.target.client("cloudformation"), "sandbox")

        url = environment["AWS_ENDPOINT_URL"]
        self.target = Target("local", session, find, endpoint_url=url, variables=environment)
        self.client = self.target.client
        self.states, self.s3, self.sagemaker = self.client("stepfunctions"), self.client("s3"), self.client("sagemaker")

    def restart(self):
        self.server.down()
        self.connect(self.server.up())
        self.clock(speed=60)

    def _outputs(self, stack):
        return json.loads(stack_outputs(self.client("cloudformation"), f"FlightDelay-sandbox-{stack}")[stack])

    def clock(self, **change):
        body = json.dumps(change).encode()
        request = urllib.request.Request(f"{self.target.endpoint_url}/_local_aws/clock", data=body)
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)

    def local_time(self):
        with urllib.request.urlopen(f"{self.target.endpoint_url}/_local_aws/clock", timeout=60) as response:
            return dt.datetime.fromisoformat(json.load(response)["now"])

    def denied(self):
        with urllib.request.urlopen(f"{self.target.endpoint_url}/_local_aws/iam/usage", timeout=60) as response:
            return json.load(response)["used_but_not_granted"]

    def _pass_the_schedule(self):
        """Let it become two o'clock: the whole day is there until the schedule comes again."""
        now = self.local_time()
        due = (now + dt.timedelta(days=1)).replace(hour=2, minute=0, second=0, microsecond=0)
        self.clock(advance_seconds=(due - now).total_seconds())
        for execution in self.executions():
            self.end(execution)

    def _teach_the_job(self):
        definition = json.loads(self.states.describe_state_machine(stateMachineArn=self.machine)["definition"])
        states = definition["States"]["Variants"]["ItemProcessor"]["States"]
        inputs = states["Monitor"]["Parameters"]["ProcessingInputs"]
        uri = next(item["S3Input"]["S3Uri"] for item in inputs if item["InputName"] == "code")
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as program:
            program.writestr("__main__.py", PROGRAM)
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())

    def _serve(self, role):
        """An endpoint of one version, as the release workflow makes it."""
        buckets, curated = self.target.resources.buckets, "flight-delay-training/x/baseline"
        self._put(buckets.artifacts, "training/x/output/model.tar.gz", _archive(SERVE))
        for bucket, key in (
            (buckets.curated, f"{curated}/statistics.json"),
            (buckets.curated, f"{curated}/constraints.json"),
            (buckets.artifacts, "evaluations/x/evaluation/evaluation.json"),
            (buckets.raw, "nycflights13/flights"),
        ):
            self._put(bucket, key, b"{}")
        container = {
            "Image": self.target.resources.image,
            "ModelDataUrl": f"s3://{buckets.artifacts}/training/x/output/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "serve.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                "PIP_NO_BUILD_ISOLATION": "0",
                "MODEL_VERSION": "1",
            },
        }
        quality = {
            name: {"ContentType": "application/json", "S3Uri": f"s3://{buckets.curated}/{curated}/{name.lower()}.json"}
            for name in ("Statistics", "Constraints")
        }
        evaluation = f"s3://{buckets.artifacts}/evaluations/x/evaluation/evaluation.json"
        self.sagemaker.create_model_package(
            ModelPackageGroupName="flight-delay",
            InferenceSpecification={
                "Containers": [{name: container[name] for name in ("Image", "ModelDataUrl")}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            DriftCheckBaselines={
                "ModelDataQuality": quality,
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": evaluation}},
            },
        )
        model, config = f"{self.endpoint}-v1-x", f"{self.endpoint}-x"
        self.sagemaker.create_model(ModelName=model, ExecutionRoleArn=role, Containers=[container])
        size = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        variant = {"VariantName": "champion", "ModelName": model, "InitialVariantWeight": 1.0, **size}
        self.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=self.endpoint, EndpointConfigName=config)
        describe = self.sagemaker.describe_endpoint
        self.until(lambda: describe(EndpointName=self.endpoint)["EndpointStatus"] == "InService")

    @property
    def machine(self):
        return self.facts["monitor_machine"]

    def _put(self, bucket, key, body):
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def day(self, before_today):
        return self.today - dt.timedelta(days=before_today)

    def capture(self, day, *orders):
        """Write what a day left: one captured record, one label, and how its job is to behave."""
        folder = f"capture/{self.endpoint}/champion/{day:%Y/%m/%d}"
        self._put(self.bucket, f"{folder}/05/a.jsonl", f"captured {day}".encode())
        self._put(self.bucket, f"ground-truth/{self.endpoint}/{day:%Y/%m/%d}/06/a.jsonl", f"label {day}".encode())
        for order in orders:
            self._put(self.bucket, f"{folder}/{order}", b"")

    def forget(self, day, order):
        self.s3.delete_object(Bucket=self.bucket, Key=f"capture/{self.endpoint}/champion/{day:%Y/%m/%d}/{order}")

    def start_at(self, days_ago, *, orders=()):
        """Begin a story: a pointer so many days ago, without a state; every day captured, orders on the first."""
        for execution in self.executions():
            self.end(execution)
        self.today = self.local_time().date()
        first, prefix = self.day(days_ago), f"monitoring/{self.endpoint}/champion"
        self._put(self.bucket, f"{prefix}/NO_STATE/NO_STATE", b"")
        pointer = {"schema_version": 1, "next_day": first.isoformat(), "state_prefix": f"{prefix}/NO_STATE/"}
        self._put(self.bucket, f"{prefix}/state.json", json.dumps(pointer).encode())
        for number in range(days_ago, 0, -1):
            self.capture(self.day(number), *(orders if number == days_ago else ()))
        return first

    def document(self, key):
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def pointer(self):
        return self.document(f"monitoring/{self.endpoint}/champion/state.json")

    def report(self, day):
        return self.document(f"monitoring/{self.endpoint}/champion/{day:%Y/%m/%d}/report.json")

    def read(self):
        """All that the runs so far have read, in order, as the state carries it."""
        return self.document(f"{self.pointer()['state_prefix']}state.json")["read"]

    def expected(self, days_ago):
        days = [self.day(number) for number in range(days_ago, 0, -1)]
        return {"capture": [f"captured {day}" for day in days], "ground-truth": [f"label {day}" for day in days]}

    def executions(self, machine=None):
        found = self.states.list_executions(stateMachineArn=machine or self.machine)["executions"]
        return [item["executionArn"] for item in found]

    def start(self):
        return self.states.start_execution(stateMachineArn=self.machine, input="{}")["executionArn"]

    def end(self, execution):
        """Wait for the end of an execution; return its description, the output read."""

        def over():
            found = self.states.describe_execution(executionArn=execution)
            return found if found["status"] in ENDED else None

        found = self.until(over)
        return {**found, "output": json.loads(found["output"])} if "output" in found else found

    def run(self):
        return self.end(self.start())

    def jobs(self):
        """The monitor jobs in progress."""
        found = self.sagemaker.list_processing_jobs(NameContains="monitor-", StatusEquals="InProgress")
        return [item["ProcessingJobName"] for item in found["ProcessingJobSummaries"]]

    def alarm(self, name):
        return self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    def until(self, condition, seconds=120):
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError([self.visited(item)[-3:] for item in self.executions()[:2]])
            time.sleep(0.1)
        return found

    def visited(self, execution):
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        return [e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith("StateEntered")]


def _archive(serve):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        member = tarfile.TarInfo("code/serve.py")
        member.size = len(serve)
        packed.addfile(member, io.BytesIO(serve.encode()))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def monitoring(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("monitoring"))
    try:
        yield Monitoring(server, server.up())
    finally:
        server.down()
