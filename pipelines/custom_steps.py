"""Complete the SDK's step types where SDK 3.27 falls short."""

from typing import Any

from sagemaker.core.workflow.properties import Properties
from sagemaker.mlops.workflow.retry import RetryPolicy
from sagemaker.mlops.workflow.steps import ConfigurableRetryStep, StepTypeEnum, TuningStep


class SecureTuningStep(TuningStep):
    """Put back what the v3 tuner silently drops from its ModelTrainer: isolation, encryption and the volume's key."""

    @property
    def arguments(self) -> Any:
        """The CreateHyperParameterTuningJob request, complete."""
        request = super().arguments
        trainer = self.step_args.func_args[0].model_trainer
        definition = request["TrainingJobDefinition"]
        definition["EnableNetworkIsolation"] = trainer.networking.enable_network_isolation
        definition["EnableInterContainerTrafficEncryption"] = (
            trainer.networking.enable_inter_container_traffic_encryption
        )
        definition["ResourceConfig"]["VolumeKmsKeyId"] = trainer.compute.volume_kms_key_id
        return request


class RegisterModelStep(ConfigurableRetryStep):
    """Register a model by a plain CreateModelPackage request.

    The SDK's own way, ModelStep over ModelBuilder.register, renames the step ("RegisterModel-RegisterModel"), knows
    neither the model card nor SecurityConfig, and adds an unsecured repack training job as soon as there is code.
    """

    def __init__(self, name: str, request: dict[str, Any], *, retry_policies: list[RetryPolicy]) -> None:
        super().__init__(name, StepTypeEnum.REGISTER_MODEL, retry_policies=retry_policies)
        self._request = request
        self._properties = Properties(step_name=name, step=self, shape_name="DescribeModelPackageOutput")

    @property
    def arguments(self) -> Any:
        """The CreateModelPackage request."""
        return self._request

    @property
    def properties(self) -> Any:
        """What DescribeModelPackage tells about the registered package."""
        return self._properties
