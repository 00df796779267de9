"""Reach the tags of the SageMaker resources that moto keeps, such as endpoints."""

from typing import Any

from local_aws.errors import ResourceNotFoundError

Tags = list[dict[str, str]]


def add(account_id: str, region: str, arn: str, tags: Tags) -> Tags:
    """Add tags to a resource of moto's and return all it has."""
    return list(_call(account_id, region, "add_tags", arn, tags))


def of(account_id: str, region: str, arn: str) -> Tags:
    """Return the tags of a resource of moto's."""
    tags, _ = _call(account_id, region, "list_tags", arn)  # moto returns a page and a token
    return list(tags)


def remove(account_id: str, region: str, arn: str, keys: list[str]) -> None:
    """Remove tags from a resource of moto's."""
    _call(account_id, region, "delete_tags", arn, keys)


def _call(account_id: str, region: str, operation: str, arn: str, *arguments: Any) -> Any:
    from moto.backends import get_backend  # noqa: PLC0415 - the server's start does not pay for moto
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415

    backend = get_backend("sagemaker")[account_id][region]
    try:
        return getattr(backend, operation)(arn, *arguments)
    except (JsonRESTError, AttributeError, KeyError, ValueError) as err:
        raise ResourceNotFoundError(f"Resource '{arn}' does not exist.") from err
