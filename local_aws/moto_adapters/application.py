"""Serve moto as a WSGI application whose gaps are clear AWS errors instead of HTML pages."""

import functools
import re
import threading
from collections.abc import Iterable
from typing import Any

from botocore.model import OperationNotFoundError

from local_aws.clock import Clock
from local_aws.errors import NotSimulatedError, UnknownOperationError
from local_aws.http_server import Environ, StartResponse
from local_aws.moto_adapters import backends, bucket_policies, managed_policies
from local_aws.moto_adapters import clock as moto_clock
from local_aws.moto_adapters.conditional_writes import one_at_a_time

_OWN_KEYS = ("", "test")
_DEFAULT_ACCOUNT = "123456789012"
_READING = ("Describe", "List", "Get", "BatchGet")


class MotoApplication:
    """All of moto's services; imported on first use, because the import takes a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request.

        Raises:
            NotSimulatedError: moto does not implement the service or the operation.
            UnknownOperationError: AWS has no such operation.
        """
        started: list[tuple[Any, ...]] = []

        def remember(*arguments: Any) -> None:
            started[:] = [arguments]

        dispatcher = self._application
        moto_clock.use(self._clock)
        backends.wait_until_restored()
        if _may_change(environ):
            backends.mark_changed(str(dispatcher.get_application(environ).service))
        try:
            with one_at_a_time(environ):
                chunks = dispatcher(environ, remember)
        except NotImplementedError as err:
            raise NotSimulatedError(_explanation(environ, str(err))) from err
        except OperationNotFoundError as err:
            raise UnknownOperationError(f"AWS knows no operation {err} of this service.") from err
        if started[0][0].startswith("404") and _is_no_answer(environ, chunks := list(chunks)):
            raise NotSimulatedError(_explanation(environ, ""))
        start_response(*started[0])
        return chunks

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

            bucket_policies.leave_to_others()
            managed_policies.provide_on_use()
            moto_clock.tell(self._clock)
            return DomainDispatcherApplication(create_backend_app)


def account_of(access_key: str) -> str:
    """Return the account that an access key belongs to; moto's default account for keys it never issued."""
    if access_key in _OWN_KEYS:
        return _DEFAULT_ACCOUNT
    from moto.iam.models import get_account_id_from  # noqa: PLC0415 - only when moto is there

    return str(get_account_id_from(access_key))


def _may_change(environ: Environ) -> bool:
    """Whether a request can change state; one too many costs a snapshot, no more."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").split(".")[-1]
    return environ["REQUEST_METHOD"] not in {"GET", "HEAD"} and not target.startswith(_READING)


def _is_no_answer(environ: Environ, chunks: list[bytes]) -> bool:
    """Whether the body is the page that Flask sends, or the nothing that moto sends, for an unknown operation."""
    body = b"".join(chunks)
    return body.startswith(b"<!doctype html>") or (not body and environ["REQUEST_METHOD"] != "HEAD")


def _explanation(environ: Environ, text: str) -> str:
    words = re.match(r"The (\w+) action", text)
    named = "".join(word.capitalize() for word in words[1].split("_")) if words else text
    operation = environ.get("HTTP_X_AMZ_TARGET", "").split(".")[-1] or named
    operation = operation or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    return (
        f"The local AWS does not simulate {operation}. Use an operation that docs/local-aws.md lists, "
        "or run this call against AWS."
    )
