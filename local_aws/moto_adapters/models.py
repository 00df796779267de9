"""Show moto the models of the store: its endpoint configurations refuse models that it does not know."""

from local_aws.moto_adapters import backends
from local_aws.store import Record


def mirror(account_id: str, region: str, model: Record) -> None:
    """Create a model in moto."""
    backends.backend("sagemaker", account_id, region).create_model(
        model_name=model["ModelName"],
        execution_role_arn=model.get("ExecutionRoleArn", ""),
        primary_container=model.get("PrimaryContainer"),
        vpc_config=model.get("VpcConfig"),
        containers=model.get("Containers"),
        tags=model.get("Tags"),
    )
    backends.mark_changed("sagemaker")


def forget(account_id: str, region: str, name: str) -> None:
    """Delete a model in moto."""
    backends.backend("sagemaker", account_id, region).delete_model(name)
    backends.mark_changed("sagemaker")
