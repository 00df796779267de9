"""Errors of the SageMaker runtime API, which differ from those of SageMaker's other API."""

from typing import Any

from local_aws.errors import ApiError


class RuntimeApiError(ApiError):
    """An error of `sagemaker-runtime`; `fields` are members of its body besides Message."""

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.fields = fields


class InvocationValidationError(RuntimeApiError):
    """The request is wrong: nothing reached a model."""

    code = "ValidationError"


class ModelInvocationError(RuntimeApiError):
    """The model answered with an error status, or not at all."""

    code, status = "ModelError", 424


class UnavailableError(RuntimeApiError):
    """No instance is in service."""

    code, status = "ServiceUnavailable", 503


class ThrottledError(RuntimeApiError):
    """A serverless variant answers as many requests as it may already."""

    code, status = "ThrottlingException", 400
