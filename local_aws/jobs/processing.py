"""Run a processing job: inputs to /opt/ml/processing, the container, outputs to S3."""

from pathlib import Path
from typing import Any

from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.data_plane import DataPlane
from local_aws.errors import JobFailedError
from local_aws.jobs import failures, monitoring_metrics
from local_aws.jobs.container_files import make_folders, opt_ml, resource_config, write_json
from local_aws.jobs.execution import JobContext, Outcome, hosts_of, run_containers, start_job, subnets_of
from local_aws.jobs.inputs import InputReader, S3Source
from local_aws.jobs.outputs import FolderUpload, watched
from local_aws.jobs.s3 import Location
from local_aws.store import Key, Record

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
MESSAGE_FILE = "/opt/ml/output/message"
DEFAULT_SECONDS = 86400


def start_processing_job(plane: DataPlane, key: Key) -> None:
    """Run a recorded processing job on its own thread."""

    def fail(reason: str) -> None:
        _end(plane, key, "Failed", FailureReason=reason)

    start_job(plane, key, lambda job: _ProcessingRun(job).run(), fail)


class _ProcessingRun:
    """One run of one processing job."""

    def __init__(self, job: JobContext) -> None:
        record = job.plane.store.get(job.key)
        assert record is not None, "the job is recorded before it starts"
        self._job, self._record, self._plane = job, record, job.plane
        self._role: str = record["RoleArn"]
        self._subnets = subnets_of(record.get("NetworkConfig", {}))
        self._s3 = self._plane.client("s3", job.key.region, self._role, subnets=self._subnets)
        cluster = record["ProcessingResources"]["ClusterConfig"]
        self._instance_type: str = cluster["InstanceType"]
        self._roots = {host: job.folder / host for host in hosts_of(cluster["InstanceCount"])}
        self._isolated = bool(record.get("NetworkConfig", {}).get("EnableNetworkIsolation"))

    def run(self) -> None:
        """Run the job to its end."""
        for root in self._roots.values():
            make_folders(root, "/opt/ml/processing", "/opt/ml/output", monitoring_metrics.FOLDER)
        self._read_inputs()
        uploads = self._uploads()
        self._update(ProcessingStartTime=self._plane.clock.now())
        with watched(upload for mode, upload in uploads if mode == "Continuous"):
            outcome = run_containers(
                self._job, self._containers(), log_group=LOG_GROUP, limit_seconds=self._limit_seconds()
            )
        self._update(ExitMessage=self._message() or None)
        for mode, upload in uploads:
            if mode == "Continuous" or self._is_success(outcome):
                upload.run()
        self._publish_metrics()
        self._finish(outcome)

    def _publish_metrics(self) -> None:
        """Publish what a monitoring container measured: only those of a schedule may hand over metrics in files."""
        enabled = self._record.get("Environment", {}).get("publish_cloudwatch_metrics") == "Enabled"
        if "MonitoringScheduleArn" in self._record and enabled:
            cloudwatch = self._plane.client("cloudwatch", self._job.key.region)
            for root in self._roots.values():
                monitoring_metrics.publish(cloudwatch, opt_ml(root, monitoring_metrics.FOLDER))

    def _read_inputs(self) -> None:
        reader = InputReader(self._s3, self._plane.contents, self._job.key.region, self._role)
        for item in self._record.get("ProcessingInputs", ()):
            reader.read(source_of(item), self._folders(item["S3Input"]["LocalPath"]))

    def _uploads(self) -> list[tuple[str, FolderUpload]]:
        config: dict[str, Any] = self._record.get("ProcessingOutputConfig", {})
        uploads = []
        for output in config.get("Outputs", ()):
            target = output["S3Output"]
            for folder in self._folders(target["LocalPath"]).values():
                folder.mkdir(parents=True, exist_ok=True)
                upload = FolderUpload(self._s3, folder, Location.parse(target["S3Uri"]), config.get("KmsKeyId"))
                uploads.append((target["S3UploadMode"], upload))
        return uploads

    def _containers(self) -> ContainerGroup:
        app = self._record["AppSpecification"]
        command = (*app.get("ContainerEntrypoint", ()), *app.get("ContainerArguments", ()))
        hosts = list(self._roots)
        containers = []
        for host, root in self._roots.items():
            write_json(root, "/opt/ml/config/resourceconfig.json", resource_config(host, hosts, self._instance_type))
            write_json(root, "/opt/ml/config/processingjobconfig.json", self._public_record())
            containers.append(
                ContainerSpec(
                    host=host,
                    image=app["ImageUri"],
                    root=root,
                    command=command,
                    environment=self._environment(),
                    log_path=self._job.folder / "logs" / f"{host}.log",
                )
            )
        return ContainerGroup(self._job.key.name, tuple(containers), network_isolated=self._isolated)

    def _environment(self) -> dict[str, str]:
        role = None if self._isolated else self._role
        own = self._plane.client.environment(self._job.key.region, role, subnets=self._subnets)
        return {
            **own,
            "PROCESSING_JOB_ARN": self._record["ProcessingJobArn"],
            "PROCESSING_JOB_NAME": self._job.key.name,
            **self._record.get("Environment", {}),
        }

    def _finish(self, outcome: Outcome) -> None:
        seconds = self._limit_seconds()
        if outcome.is_stopped:
            self._end("Stopped")
        elif outcome.is_timed_out:
            self._end("Stopped", FailureReason=failures.time_limit(seconds))
        elif (failed := failures.first_failure(outcome.exit_codes)) is not None:
            log = self._job.folder / "logs" / f"{list(self._roots)[failed]}.log"
            code = outcome.exit_codes[failed]
            raise JobFailedError(failures.algorithm_error(code, self._message(), log))
        else:
            self._end("Completed")

    def _is_success(self, outcome: Outcome) -> bool:
        return not (any(outcome.exit_codes) or outcome.is_timed_out or outcome.is_stopped)

    def _message(self) -> str:
        messages = (failures.read_message(opt_ml(root, MESSAGE_FILE)) for root in self._roots.values())
        return next((message for message in messages if message), "")

    def _limit_seconds(self) -> int:
        return int(self._record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_SECONDS))

    def _folders(self, container_path: str) -> dict[str, Path]:
        return {host: opt_ml(root, container_path) for host, root in self._roots.items()}

    def _public_record(self) -> Record:
        return {name: value for name, value in self._record.items() if not name.startswith("_")}

    def _update(self, **fields: Any) -> None:
        known = {name: value for name, value in fields.items() if value is not None}
        self._plane.store.update(self._job.key, lambda record: record.update(known))

    def _end(self, status: str, **fields: Any) -> None:
        _end(self._plane, self._job.key, status, **fields)


def source_of(item: dict[str, Any]) -> S3Source:
    """Return the S3 source of a ProcessingInput."""
    given = item["S3Input"]
    return S3Source(
        name=item["InputName"],
        uri=given["S3Uri"],
        data_type=given["S3DataType"],
        is_sharded=given.get("S3DataDistributionType") == "ShardedByS3Key",
    )


def _end(plane: DataPlane, key: Key, status: str, **fields: Any) -> None:
    now = plane.clock.now()
    ended = {"ProcessingJobStatus": status, "ProcessingEndTime": now, "LastModifiedTime": now, **fields}
    plane.store.update(key, lambda record: record.update(ended))
