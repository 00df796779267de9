"""Run a training job: channels to /opt/ml/input, the container, the model and the output to S3."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from local_aws.containers.images import find_image
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.data_plane import DataPlane
from local_aws.errors import JobFailedError
from local_aws.jobs import failures
from local_aws.jobs.container_files import (
    channel_mode,
    opt_ml,
    resource_config,
    s3_source,
    write_training_files,
)
from local_aws.jobs.execution import JobContext, Outcome, hosts_of, run_containers, start_job, subnets_of
from local_aws.jobs.inputs import InputReader, S3Source
from local_aws.jobs.metrics import MetricReader
from local_aws.jobs.outputs import FolderUpload, files_below, pack, upload_file, watched
from local_aws.jobs.s3 import Location, list_prefix
from local_aws.jobs.training_record import TrainingRecord
from local_aws.store import Key

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
FAILURE_FILE = "/opt/ml/output/failure"
CHECKPOINTS = "/opt/ml/checkpoints"
DEFAULT_SECONDS = 86400
CPU_SHARE = "training-job-cpus"
"""Store kind of a hint, under the job's name: `{"cpus": n}` is what the tuner grants each of its parallel trials."""


def start_training_job(plane: DataPlane, key: Key) -> None:
    """Run a recorded training job on its own thread."""
    record = TrainingRecord(plane.store, key, plane.metrics, plane.clock)
    start_job(
        plane, key, lambda job: _TrainingRun(job, record).run(), lambda reason: record.end("Failed", "Failed", reason)
    )


def instance_types(resources: dict[str, Any]) -> list[str]:
    """Return the instance type of every host, in order."""
    groups = resources.get("InstanceGroups") or [resources]
    return [group["InstanceType"] for group in groups for _ in range(group["InstanceCount"])]


class _TrainingRun:
    """One run of one training job."""

    def __init__(self, job: JobContext, status: TrainingRecord) -> None:
        record = job.plane.store.get(job.key)
        assert record is not None, "the job is recorded before it starts"
        self._job, self._record, self._plane, self._status = job, record, job.plane, status
        self._role: str = record["RoleArn"]
        self._subnets = subnets_of(record)
        self._s3 = self._plane.client("s3", job.key.region, self._role, subnets=self._subnets)
        self._types = instance_types(record["ResourceConfig"])
        self._roots = {host: job.folder / host for host in hosts_of(len(self._types))}
        self._isolated = bool(record.get("EnableNetworkIsolation"))
        self._kms_key: str | None = record["OutputDataConfig"].get("KmsKeyId")
        self._output = Location.parse(record["OutputDataConfig"]["S3OutputPath"]).child(f"{job.key.name}/output")

    def run(self) -> None:
        """Run the job to its end."""
        self._status.advance("Downloading")
        self._write_files()
        read_only = self._read_channels()
        checkpoints = self._restore_checkpoints()
        self._status.advance("Training")
        algorithm = self._record["AlgorithmSpecification"]
        metrics = MetricReader(algorithm.get("MetricDefinitions", ()), algorithm["TrainingImage"])
        with watched(checkpoints):
            outcome = run_containers(
                self._job,
                self._containers(read_only),
                log_group=LOG_GROUP,
                limit_seconds=self._limit_seconds(),
                listener=lambda lines: self._status.add_metrics(metrics.read(lines)),
            )
        for upload in checkpoints:
            upload.run()
        self._upload(outcome)
        self._finish(outcome)

    def _write_files(self) -> None:
        for (host, root), instance_type in zip(self._roots.items(), self._types, strict=True):
            write_training_files(root, self._record, resource_config(host, list(self._roots), instance_type))

    def _read_channels(self) -> dict[str, dict[str, Path]]:
        """Bring the channels to the hosts; return per host what is mounted read-only."""
        reader = InputReader(self._s3, self._plane.contents, self._job.key.region, self._role)
        mounts: dict[str, dict[str, Path]] = {host: {} for host in self._roots}
        for channel in self._record.get("InputDataConfig", ()):
            path = f"/opt/ml/input/data/{channel['ChannelName']}"
            is_fast = channel_mode(self._record, channel) == "FastFile"
            if is_fast:
                folders = {host: self._job.folder / "fastfile" / host / channel["ChannelName"] for host in self._roots}
                for host, folder in folders.items():
                    mounts[host][path] = folder
            else:
                folders = {host: opt_ml(root, path) for host, root in self._roots.items()}
            reader.read(source_of(channel, is_shared=is_fast and self._plane.containers.has_real_paths), folders)
        return mounts

    def _restore_checkpoints(self) -> list[FolderUpload]:
        config = self._record.get("CheckpointConfig")
        if not config:
            return []
        location, uploads = Location.parse(config["S3Uri"]), []
        prefix = Location(location.bucket, location.key.rstrip("/") + "/")
        for root in self._roots.values():
            folder = opt_ml(root, config.get("LocalPath", CHECKPOINTS))
            folder.mkdir(parents=True, exist_ok=True)
            for item in list_prefix(self._s3, prefix):
                self._plane.contents.fetch(self._s3, item, folder / item.relative)
            upload = FolderUpload(self._s3, folder, location, self._kms_key)
            upload.skip_present()
            uploads.append(upload)
        return uploads

    def _containers(self, read_only: dict[str, dict[str, Path]]) -> ContainerGroup:
        algorithm = self._record["AlgorithmSpecification"]
        entry = algorithm.get("ContainerEntrypoint") or find_image(algorithm["TrainingImage"]).train_command
        containers = [
            ContainerSpec(
                host=host,
                image=algorithm["TrainingImage"],
                root=root,
                command=(*entry, *algorithm.get("ContainerArguments", ())),
                environment=self._environment(),
                log_path=self._log(host),
                read_only=read_only[host],
                cpus=self._cpus(),
            )
            for host, root in self._roots.items()
        ]
        return ContainerGroup(self._job.key.name, tuple(containers), network_isolated=self._isolated)

    def _cpus(self) -> int | None:
        hint = self._plane.store.get(replace(self._job.key, kind=CPU_SHARE))
        return None if hint is None else max(1, hint["cpus"] // len(self._roots))

    def _environment(self) -> dict[str, str]:
        role = None if self._isolated else self._role
        own = self._plane.client.environment(self._job.key.region, role, subnets=self._subnets)
        return {
            **own,
            "TRAINING_JOB_NAME": self._job.key.name,
            "TRAINING_JOB_ARN": self._record["TrainingJobArn"],
            **self._record.get("Environment", {}),
        }

    def _upload(self, outcome: Outcome) -> None:
        """Write the model (not of a job that failed) and the output."""
        self._status.advance("Uploading")
        roots = self._roots.values()
        archive = self._job.folder / "output.tar.gz"
        failures_files = [opt_ml(root, FAILURE_FILE) for root in roots]
        if pack([opt_ml(root, "/opt/ml/output/data") for root in roots], archive, failures_files):
            upload_file(self._s3, archive, self._output.child("output.tar.gz"), self._kms_key)
        models = [opt_ml(root, "/opt/ml/model") for root in roots]
        has_model = any(files_below(model) for model in models)
        was_ended = outcome.is_stopped or outcome.is_timed_out
        if (was_ended and has_model) or not (was_ended or any(outcome.exit_codes)):
            self._status.set(ModelArtifacts={"S3ModelArtifacts": self._upload_model(models)})

    def _upload_model(self, models: list[Path]) -> str:
        if self._record["OutputDataConfig"].get("CompressionType") == "NONE":
            target = self._output.child("model")
            for model in models:
                FolderUpload(self._s3, model, target, self._kms_key).run()
            return f"{target.uri}/"
        archive, target = self._job.folder / "model.tar.gz", self._output.child("model.tar.gz")
        pack(models, archive)
        upload_file(self._s3, archive, target, self._kms_key)
        return target.uri

    def _finish(self, outcome: Outcome) -> None:
        failed = failures.first_failure(outcome.exit_codes)
        if outcome.is_stopped:
            self._status.end("Stopped", "Stopped")
        elif outcome.is_timed_out:
            self._status.end("Stopped", "MaxRuntimeExceeded", failures.time_limit(self._limit_seconds()))
        elif failed is not None:
            host, root = list(self._roots.items())[failed]
            message = failures.read_message(opt_ml(root, FAILURE_FILE))
            raise JobFailedError(failures.algorithm_error(outcome.exit_codes[failed], message, self._log(host)))
        else:
            self._status.end("Completed", "Completed")

    def _log(self, host: str) -> Path:
        return self._job.folder / "logs" / f"{host}.log"

    def _limit_seconds(self) -> int:
        return int(self._record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_SECONDS))


def source_of(channel: dict[str, Any], *, is_shared: bool = False) -> S3Source:
    """Return the S3 source of a channel."""
    given = s3_source(channel)
    return S3Source(
        name=channel["ChannelName"],
        uri=given["S3Uri"],
        data_type=given["S3DataType"],
        is_sharded=given.get("S3DataDistributionType") == "ShardedByS3Key",
        is_shared=is_shared,
    )
