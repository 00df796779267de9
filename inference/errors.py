"""Errors of the model server; each one that a client sees knows its HTTP status.

InferenceError             400  the request cannot be answered; the text is fit for the client
├── PayloadError           400  the body does not hold rows that fit the model
├── ContentTypeError       415  the request's content type is not supported
├── NotAcceptableError     406  no supported answer is acceptable to the client
└── PayloadTooLargeError   413  the body, or the number of its rows, is over the limit
ModelError                      the model's folder or settings are unusable: the server must not start
"""

from http import HTTPStatus


class InferenceError(ValueError):
    """A request that cannot be answered."""

    status = HTTPStatus.BAD_REQUEST


class PayloadError(InferenceError):
    """A body that does not hold rows which fit the model."""


class ContentTypeError(InferenceError):
    """A content type that is not supported."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class NotAcceptableError(InferenceError):
    """An Accept header which excludes every form that an answer can have."""

    status = HTTPStatus.NOT_ACCEPTABLE


class PayloadTooLargeError(InferenceError):
    """A body over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ModelError(Exception):
    """A model folder or setting that cannot be served."""
