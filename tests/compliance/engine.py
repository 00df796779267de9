"""A plane with hand-written fake APIs: jobs end as a test says, at once, in the real store."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import local_aws.sagemaker.pipeline_callbacks
import local_aws.sagemaker.pipeline_executions  # noqa: F401 - registers the operations
from local_aws.clock import Clock
from local_aws.sagemaker.operations import OPERATIONS, Context
from local_aws.settings import Settings
from local_aws.store import Key, Store

ROLE = "arn:aws:iam::123456789012:role/pipeline"
ACCOUNT, REGION = "123456789012", "us-east-1"


def api_error(code: str, message: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@dataclass
class FakeApis:
    """The S3, SageMaker and SQS operations that the engine calls.

    Attributes:
        ends: Step name to what its jobs' records get, one entry an attempt; the default is Completed at once.
        refusals: Operation name to the errors that its next calls raise.
        held: Steps whose jobs run until `release`, or until they are stopped.
        objects: S3 URI to text.
    """

    store: Store
    ends: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusals: dict[str, list[Exception]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    objects: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)
    messages: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(method_to_api_mapping={}))
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ClientError=ClientError))
    lock: Any = field(default_factory=threading.Lock)

    def __getattr__(self, operation: str) -> Any:
        verb, _, noun = operation.partition("_")
        if not noun.endswith("_job") or verb not in {"create", "describe", "stop"}:
            raise AttributeError(operation)
        return lambda **request: getattr(self, f"_{verb}_job")(operation, noun, request)

    def create(self, operation: str, request: dict[str, Any]) -> None:
        with self.lock:
            self.calls.append((operation, request))
            if self.refusals.get(operation):
                raise self.refusals[operation].pop(0)

    def jobs(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def release(self, step: str) -> None:
        self.held.discard(step)
        for key in list(self.store.keys()):
            if f"-{step}-" in key.name and key.kind.endswith("-job"):
                self._end(key, step)

    def _create_job(self, operation: str, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        self.create(operation, request)
        member, kind = _member(noun), noun.replace("_", "-")
        name = request[f"{member}Name"]
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"
        record = {**request, f"{member}Arn": arn, f"{member}Status": "InProgress"}
        key = Key(kind, name, ACCOUNT, REGION)
        self.store.insert(key, record)
        step = name.split("-")[1 if noun.startswith("hyper") else 2]
        if step not in self.held:
            self._end(key, step)
        return {f"{member}Arn": arn}

    def _end(self, key: Key, step: str) -> None:
        scripted = self.ends.get(step)
        end = scripted.pop(0) if scripted else {}
        member = _member(key.kind.replace("-", "_"))
        change = {f"{member}Status": "Failed" if "FailureReason" in end else "Completed", **end}
        self.store.update(key, lambda record: record.update(change))

    def _describe_job(self, operation: str, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        record = self.store.get(Key(noun.replace("_", "-"), request[f"{_member(noun)}Name"], ACCOUNT, REGION))
        assert record is not None
        return record

    def _stop_job(self, operation: str, noun: str, request: dict[str, Any]) -> None:
        self.create(operation, request)
        member = _member(noun)
        key = Key(noun.replace("_", "-"), request[f"{member}Name"], ACCOUNT, REGION)
        self.store.update(key, lambda record: record.update({f"{member}Status": "Stopped"}))

    def list_training_jobs_for_hyper_parameter_tuning_job(self, **request: Any) -> dict[str, Any]:
        return {"TrainingJobSummaries": self.summaries}

    def create_model(self, **request: Any) -> dict[str, Any]:
        self.create("create_model", request)
        return {"ModelArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/{request['ModelName']}"}

    def describe_model(self, **request: Any) -> dict[str, Any]:
        return dict(request)

    def describe_model_package_group(self, **request: Any) -> dict[str, Any]:
        if request["ModelPackageGroupName"] not in self.groups:
            raise api_error("ValidationException", "ModelPackageGroup does not exist.")
        return {}

    def create_model_package_group(self, **request: Any) -> dict[str, Any]:
        self.create("create_model_package_group", request)
        self.groups.add(request["ModelPackageGroupName"])
        return {}

    def delete_model_package_group(self, **request: Any) -> dict[str, Any]:
        self.groups.discard(request["ModelPackageGroupName"])
        return {}

    def create_model_package(self, **request: Any) -> dict[str, Any]:
        self.create("create_model_package", request)
        return {"ModelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/flight-delay/1"}

    def describe_model_package(self, **request: Any) -> dict[str, Any]:
        return {"ModelPackageArn": request["ModelPackageName"]}

    def get_object(self, **request: Any) -> dict[str, Any]:
        uri = f"s3://{request['Bucket']}/{request['Key']}"
        if uri not in self.objects:
            raise api_error("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": SimpleNamespace(read=self.objects[uri].encode)}

    def send_message(self, **request: Any) -> dict[str, Any]:
        self.messages.put(json.loads(request["MessageBody"]))
        return {}


def _member(noun: str) -> str:
    return "".join(word.capitalize() for word in noun.split("_"))


@dataclass(frozen=True)
class Engine:
    """The operations of pipelines, called as the gateway calls them."""

    context: Context
    apis: FakeApis

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return OPERATIONS[operation](self.context, request)

    def create(self, *steps: dict[str, Any], name: str = "pipeline", **definition: Any) -> None:
        text = json.dumps({"Version": "2020-12-01", "Steps": list(steps), **definition})
        self.call("CreatePipeline", PipelineName=name, PipelineDefinition=text, RoleArn=ROLE)

    def start(self, *, name: str = "pipeline", parameters: dict[str, str] | None = None, **request: Any) -> str:
        given = [{"Name": key, "Value": value} for key, value in (parameters or {}).items()]
        response = self.call("StartPipelineExecution", PipelineName=name, PipelineParameters=given, **request)
        return str(response["PipelineExecutionArn"])

    def wait(self, arn: str) -> dict[str, Any]:
        key = self.context.key("pipeline-execution", arn)
        ended = lambda record: record["PipelineExecutionStatus"] not in {"Executing", "Stopping"}  # noqa: E731
        record = self.context.plane.store.wait(key, ended, timeout=10)
        assert record is not None, f"still running: {self.steps(arn)}"
        return record

    def run(self, **request: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        arn = self.start(**request)
        return self.wait(arn), self.steps(arn)

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        listed = self.call("ListPipelineExecutionSteps", PipelineExecutionArn=arn, SortOrder="Ascending")
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def wait_for_step(self, arn: str, step: str, status: str = "Executing") -> dict[str, Any]:
        """Wait until a step has a status and, where it runs a job, until that job is recorded."""
        key = self.context.key("pipeline-execution-steps", arn)
        reached = lambda record: any(  # noqa: E731
            item["StepName"] == step and item["StepStatus"] == status and item["Metadata"] for item in record["steps"]
        )
        assert self.context.plane.store.wait(key, reached, timeout=10) is not None, self.steps(arn)
        return self.steps(arn)[step]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    store = Store()
    apis = FakeApis(store)

    def spawn(name: str, function: Any) -> None:
        threading.Thread(target=function, name=name, daemon=True).start()

    plane: Any = SimpleNamespace(
        settings=Settings(tmp_path), store=store, client=lambda *_: apis, spawn=spawn, clock=Clock()
    )
    return Engine(Context(ACCOUNT, REGION, plane), apis)
