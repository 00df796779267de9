"""Make the parts every job of the pipeline is built from: processors, trainers, inputs and outputs.

Security is applied here and nowhere else: VPC, network isolation, traffic encryption, volume and output keys, tags.
"""

from dataclasses import dataclass
from typing import Any

from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    Channel,
    DataSource,
    FileSystemDataSource,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    S3DataSource,
)
from sagemaker.core.training.configs import (
    CheckpointConfig,
    Compute,
    Networking,
    OutputDataConfig,
    StoppingCondition,
    Tag,
)
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.retry import (
    RetryPolicy,
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.train.model_trainer import ModelTrainer

from pipelines.bundle import CodeLocations
from pipelines.resources import FileSystem, Resources
from pipelines.settings import JobLimits, Settings

INPUT_ROOT = "/opt/ml/processing/input"
OUTPUT_ROOT = "/opt/ml/processing/output"
PARQUET = "application/x-parquet"

CAPACITY_FAULTS = (SageMakerJobExceptionTypeEnum.CAPACITY_ERROR, SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT)
# A tuning job retries the internal errors of its trials itself; SageMaker refuses this one on a Tuning step.
JOB_FAULTS = (*CAPACITY_FAULTS, SageMakerJobExceptionTypeEnum.INTERNAL_ERROR)


@dataclass(frozen=True)
class Parts:
    """Make jobs of one pipeline: the same session, resources, code and settings for all."""

    session: Any
    resources: Resources
    code: CodeLocations
    settings: Settings

    def processor(
        self, *, role: str, key: str, limits: JobLimits, instance_type: Any, environment: dict[str, Any]
    ) -> Processor:
        """Return a processor which runs our zip application on the XGBoost image."""
        network = NetworkConfig(
            enable_network_isolation=True,
            encrypt_inter_container_traffic=True,
            subnets=list(self.resources.network.subnets),
            security_group_ids=list(self.resources.network.security_groups),
        )
        return Processor(
            role=role,
            image_uri=self.resources.image,
            instance_count=limits.instance_count,
            instance_type=instance_type,
            volume_size_in_gb=limits.volume_gb,
            max_runtime_in_seconds=limits.max_seconds,
            volume_kms_key=self.resources.keys.data,
            output_kms_key=key,
            entrypoint=["python3", f"{INPUT_ROOT}/code/{self.code.processing.filename}"],
            env=environment,
            tags=[{"Key": name, "Value": value} for name, value in self.resources.tags.items()],
            network_config=network,
            sagemaker_session=self.session,
        )

    def trainer(
        self, *, instance_type: Any, output_uri: str, checkpoint_uri: Any, hyperparameters: dict[str, str]
    ) -> ModelTrainer:
        """Return a trainer on managed spot capacity, in script mode through the `code` channel.

        Not by the SDK's `source_code`: it uploads under a new timestamp at every build, which defeats step caching,
        and gives training and tuning two different contracts for one script.
        """
        limits, networks = self.settings.train, self.resources.network
        return ModelTrainer(
            training_image=self.resources.image,
            role=self.resources.roles.training,
            base_job_name="unused",
            sagemaker_session=self.session,
            compute=Compute(
                instance_type=instance_type,
                instance_count=limits.instance_count,
                volume_size_in_gb=limits.volume_gb,
                volume_kms_key_id=self.resources.keys.data,
                enable_managed_spot_training=True,
            ),
            networking=Networking(
                subnets=list(networks.subnets),
                security_group_ids=list(networks.security_groups),
                enable_network_isolation=True,
                enable_inter_container_traffic_encryption=True,
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=limits.max_seconds,
                max_wait_time_in_seconds=self.settings.max_wait_seconds,
            ),
            output_data_config=OutputDataConfig(s3_output_path=output_uri, kms_key_id=self.resources.keys.model),
            checkpoint_config=CheckpointConfig(s3_uri=checkpoint_uri),
            # The toolkit runs `pip install .` on the code; "0" switches pip's build isolation OFF (pip reads the
            # variable as the option's value), because an isolated build would fetch setuptools from an index.
            environment={"PIP_NO_BUILD_ISOLATION": "0"},
            hyperparameters={
                **hyperparameters,
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": f"/opt/ml/input/data/code/{self.code.training.filename}",
            },
            tags=self.sdk_tags(),
        )

    def sdk_tags(self) -> list[Tag]:
        """Return the tags as the SDK's training classes take them."""
        return [Tag(key=name, value=value) for name, value in self.resources.tags.items()]

    def processing_code(self) -> ProcessingInput:
        """Return the input that brings the zip application."""
        return processing_input("code", self.code.processing.uri)


def processing_input(name: str, uri: Any) -> ProcessingInput:
    """Return an input which appears below the input root under its name."""
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri, local_path=f"{INPUT_ROOT}/{name}", s3_data_type="S3Prefix", s3_input_mode="File"
        ),
    )


def processing_output(name: str, uri: Any) -> ProcessingOutput:
    """Return an output which uploads the folder of its name when the job ends."""
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri=uri, local_path=f"{OUTPUT_ROOT}/{name}", s3_upload_mode="EndOfJob"),
    )


def file_system_channel(name: str, system: FileSystem, path: Any) -> Channel:
    """Return a training channel that reads a folder of a file system, read-only.

    Args:
        name: Of the channel, and of the last folder.
        system: The file system.
        path: Of the folder's parent, below the system's directory.
    """
    source = FileSystemDataSource(
        file_system_id=system.identifier,
        file_system_type=system.kind,
        file_system_access_mode="ro",
        directory_path=join_path(system.directory, path, name),
    )
    return Channel(
        channel_name=name,
        data_source=DataSource(file_system_data_source=source),
        input_mode="File",
        content_type=PARQUET,
    )


def channel(name: str, uri: Any, *, mode: str = "File", content_type: str | None = None) -> Channel:
    """Return a training channel that gives every instance all objects under a prefix."""
    source = S3DataSource(s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated")
    optional = {"content_type": content_type} if content_type else {}
    return Channel(channel_name=name, data_source=DataSource(s3_data_source=source), input_mode=mode, **optional)


def join_path(*parts: Any) -> Join:
    """Return parts joined by slashes when the pipeline runs."""
    return Join(on="/", values=list(parts))


def retry_policies(*faults: SageMakerJobExceptionTypeEnum) -> list[RetryPolicy]:
    """Return what to do about faults which are not ours: a service fault soon, the given job faults with patience."""
    step_faults = [StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING]
    policies: list[RetryPolicy] = [StepRetryPolicy(step_faults, backoff_rate=2.0, interval_seconds=5, max_attempts=4)]
    if faults:
        policies.append(
            SageMakerJobStepRetryPolicy(list(faults), backoff_rate=1.5, interval_seconds=60, expire_after_mins=120)
        )
    return policies
