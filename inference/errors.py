"""Errors of the inference handlers.

InferenceError             the request cannot be answered; the text is fit for the client
├── ContentTypeError       the request's or the answer's content type is not supported
└── PayloadError           the body does not hold rows that fit the model
ModelError                 the model's folder or settings are unusable: the server must not start
"""


class InferenceError(ValueError):
    """A request that cannot be answered."""


class ContentTypeError(InferenceError):
    """A content type that is not supported."""


class PayloadError(InferenceError):
    """A body that does not hold rows which fit the model."""


class ModelError(Exception):
    """A model folder or setting that cannot be served."""
