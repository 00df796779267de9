"""Run a transform job: the model's container, every input object through it, the answers to S3."""

import contextlib
import gzip
import http
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_aws.containers.model_client import ModelClient, ModelServerError
from local_aws.containers.runtime import RunningGroup
from local_aws.containers.spec import ContainerGroup
from local_aws.data_plane import DataPlane
from local_aws.errors import JobFailedError
from local_aws.jobs.container_files import s3_source
from local_aws.jobs.execution import JobContext, hosts_of, open_containers, start_job, subnets_of
from local_aws.jobs.failures import SERVER_STOPPED
from local_aws.jobs.inputs import InputReader, S3Source
from local_aws.jobs.model_files import read_artifacts, resolve_container, serving_container
from local_aws.jobs.outputs import files_below, upload_file
from local_aws.jobs.s3 import Location
from local_aws.jobs.transform_data import TransformData
from local_aws.store import Key, Record

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_INVOCATION_SECONDS = 600
_ANSWER_CHARS = 300


def start_transform_job(plane: DataPlane, key: Key, model: Record) -> None:
    """Run a recorded transform job on its own thread."""

    def fail(reason: str) -> None:
        _end(plane, key, "Failed", FailureReason=reason)

    start_job(plane, key, lambda job: _TransformRun(job, model).run(), fail)


class _TransformRun:
    """One run of one transform job."""

    def __init__(self, job: JobContext, model: Record) -> None:
        record = job.plane.store.get(job.key)
        assert record is not None, "the job is recorded before it starts"
        self._job, self._record, self._model, self._plane = job, record, model, job.plane
        self._role: str = model["ExecutionRoleArn"]
        self._subnets = subnets_of(model)
        self._s3 = self._plane.client("s3", job.key.region, self._role, subnets=self._subnets)
        self._isolated = bool(model.get("EnableNetworkIsolation"))
        self._data = TransformData(record)
        self._roots = {host: job.folder / host for host in hosts_of(record["TransformResources"]["InstanceCount"])}
        self._reader = InputReader(self._s3, self._plane.contents, job.key.region, self._role)

    def run(self) -> None:
        """Run the job to its end."""
        _update(self._plane, self._job.key, TransformStartTime=self._plane.clock.now())
        inputs = self._read_inputs()
        group = self._containers()
        if not self._job.control.stop_requested.is_set():
            with open_containers(self._job, group, log_group=LOG_GROUP) as running, self._stoppable():
                self._transform(inputs, group, running)
        if self._job.control.is_server_stopping:
            raise JobFailedError(SERVER_STOPPED)
        is_stopped = self._job.control.stop_requested.is_set()
        _end(self._plane, self._job.key, "Stopped" if is_stopped else "Completed")

    @contextlib.contextmanager
    def _stoppable(self) -> Iterator[None]:
        """What fails because the job is stopped is no failure."""
        try:
            yield
        except JobFailedError:
            if not self._job.control.stop_requested.is_set():
                raise

    def _read_inputs(self) -> Path:
        folder = self._job.folder / "input"
        given = s3_source(self._record["TransformInput"])
        self._reader.read(S3Source("TransformInput", given["S3Uri"], given["S3DataType"]), {"algo-1": folder})
        return folder

    def _containers(self) -> ContainerGroup:
        sagemaker = self._plane.client("sagemaker", self._job.key.region)
        container = resolve_container(self._model, sagemaker)
        for host, root in self._roots.items():
            read_artifacts(container, self._reader, root, self._job.folder / "model" / host)
        specs = tuple(
            serving_container(
                container,
                host=host,
                root=root,
                environment=self._environment(),
                log_path=self._log(host),
                images=self._plane.settings.images,
            )
            for host, root in self._roots.items()
        )
        return ContainerGroup(self._job.key.name, specs, network_isolated=self._isolated)

    def _environment(self) -> dict[str, str]:
        role = None if self._isolated else self._role
        own = self._plane.client.environment(self._job.key.region, role, subnets=self._subnets)
        return {
            **own,
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self._record.get("MaxPayloadInMB", 6)),
            "SAGEMAKER_BATCH_STRATEGY": self._record.get("BatchStrategy", "MultiRecord"),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._record.get("MaxConcurrentTransforms", 1)),
            **self._record.get("Environment", {}),
        }

    def _transform(self, inputs: Path, group: ContainerGroup, running: RunningGroup) -> None:
        config = self._record.get("ModelClientConfig", {})
        timeout = config.get("InvocationsTimeoutInSeconds", _INVOCATION_SECONDS)
        clients = [ModelClient(root, timeout_seconds=timeout) for root in self._roots.values()]
        for client, spec in zip(clients, group.containers, strict=True):
            try:
                client.wait_until_ready(running, spec.log_path)
            except ModelServerError as err:
                raise JobFailedError(f"AlgorithmError: {err}") from err
        files = files_below(inputs)
        concurrency = max(1, self._record.get("MaxConcurrentTransforms", 1)) * len(clients)
        with ThreadPoolExecutor(concurrency, thread_name_prefix="transform") as pool:
            tasks = [
                pool.submit(self._transform_file, file, inputs, clients[number % len(clients)])
                for number, file in enumerate(files)
            ]
            for task in tasks:
                task.result()

    def _transform_file(self, file: Path, inputs: Path, client: ModelClient) -> None:
        if self._job.control.stop_requested.is_set():
            return
        name = file.relative_to(inputs).as_posix()
        content = file.read_bytes()
        if self._record["TransformInput"].get("CompressionType") == "Gzip":
            content = gzip.decompress(content)
        result = b"".join(
            self._data.result(payload, self._invoke(client, payload.body, name), name)
            for payload in self._data.payloads(content, name)
        )
        target = self._job.folder / "output" / f"{name}.out"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(result)
        output = self._record["TransformOutput"]
        location = Location.parse(output["S3OutputPath"]).child(f"{name}.out")
        upload_file(self._s3, target, location, output.get("KmsKeyId"))

    def _invoke(self, client: ModelClient, body: bytes, name: str) -> bytes:
        retries = self._record.get("ModelClientConfig", {}).get("InvocationsMaxRetries", 0)
        for attempt in range(retries + 1):
            try:
                answer = client.invoke(body, self._data.content_type, self._data.accept)
            except ModelServerError as err:
                raise JobFailedError(f"AlgorithmError: {name}: {err}") from err
            if answer.status == http.HTTPStatus.OK:
                return answer.body
            if attempt == retries or answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        text = answer.body.decode(errors="replace").strip()[:_ANSWER_CHARS]
        kind = "ClientError" if answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR else "AlgorithmError"
        raise JobFailedError(f"{kind}: {name}: the model answered {answer.status} to /invocations: {text}")

    def _log(self, host: str) -> Path:
        return self._job.folder / "logs" / f"{host}.log"


def _update(plane: DataPlane, key: Key, **fields: Any) -> None:
    plane.store.update(key, lambda record: record.update(fields))


def _end(plane: DataPlane, key: Key, status: str, **fields: Any) -> None:
    now = plane.clock.now()
    _update(plane, key, TransformJobStatus=status, TransformEndTime=now, LastModifiedTime=now, **fields)
