"""Serve moto as a WSGI application whose gaps are clear AWS errors instead of HTML pages."""

import functools
import threading
from collections.abc import Iterable
from typing import Any

from local_aws.errors import NotSimulatedError
from local_aws.http_server import Environ, StartResponse


class MotoApplication:
    """All of moto's services; imported on first use, because the import takes a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request.

        Raises:
            NotSimulatedError: moto does not implement the service or the operation.
        """
        try:
            return self._application(environ, start_response)
        except NotImplementedError as err:
            raise NotSimulatedError(_explanation(environ, err)) from err

    def warm_up(self) -> None:
        """Import moto and its most used services now."""
        from moto.backends import get_backend  # noqa: PLC0415 - see the class

        for service in ("s3", "logs", "sagemaker"):
            get_backend(service)
        _ = self._application

    @functools.cached_property
    def _application(self) -> Any:
        with self._lock:
            from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - see the class
                DomainDispatcherApplication,
                create_backend_app,
            )

            return DomainDispatcherApplication(create_backend_app)


def account_of(access_key: str) -> str:
    """Return the account that an access key belongs to; moto's default account for keys it never issued."""
    from moto.iam.models import get_account_id_from  # noqa: PLC0415 - only when moto is there

    return str(get_account_id_from(access_key))


def _explanation(environ: Environ, err: NotImplementedError) -> str:
    operation = environ.get("HTTP_X_AMZ_TARGET", "").split(".")[-1] or str(err) or environ["PATH_INFO"]
    return (
        f"The local AWS does not simulate {operation}. Use an operation that docs/local-aws.md lists, "
        "or run this call against AWS."
    )
