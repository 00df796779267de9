"""Errors of Application Auto Scaling."""

from local_aws.errors import ApiError


class ObjectNotFoundError(ApiError):
    """A scalable target, policy or scheduled action that does not exist."""

    code = "ObjectNotFoundException"
