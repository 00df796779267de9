"""Turn moto's backends into bytes and back; the bodies of S3 objects become files named by their content.

One file holds one service. References from one backend to another are stored by name.
"""

import importlib
import io
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local_aws.moto_adapters import backends
from local_aws.moto_adapters.reductions import reduction_of
from local_aws.moto_adapters.stored_body import StoredBody


class SnapshotError(Exception):
    """A service's state cannot be written, or not be read."""


def service_file(service: str) -> str:
    """Return the file name of a service's state."""
    return f"moto-{service}.pickle"


def dump(backend_dict: Any, bodies: Path) -> tuple[bytes, set[str]]:
    """Return a service's state, and the names of the body files that it refers to.

    Raises:
        SnapshotError: Something in it cannot be pickled.
    """
    stream = io.BytesIO()
    pickler = _Pickler(stream, bodies)
    regions = {
        (account_id, region): backend.__dict__
        for account_id, account in list(backend_dict.items())
        for region, backend in list(account.items())
    }
    extra = {"bucket_accounts": backend_dict.bucket_accounts} if hasattr(backend_dict, "bucket_accounts") else {}
    try:
        pickler.dump({"module": backend_dict.backend.__module__, "regions": regions, "extra": extra})
    except (pickle.PicklingError, TypeError, AttributeError, RuntimeError, RecursionError) as err:
        raise SnapshotError(f"{backend_dict.service_name}: {err}") from err
    return stream.getvalue(), pickler.bodies


def load(data: bytes, service: str, bodies: Path) -> None:
    """Put a service's state back into moto.

    Raises:
        SnapshotError: It cannot be read.
    """
    try:
        content = _Unpickler(io.BytesIO(data), bodies).load()
        backend_dict = _backend_dict(content["module"], service)
        for (account_id, region), state in content["regions"].items():
            backend_dict[account_id][region].__dict__.update(state)
        for name, value in content["extra"].items():
            getattr(backend_dict, name).update(value)
    except Exception as err:
        raise SnapshotError(f"{service}: {type(err).__name__}: {err}") from err


def _backend_dict(module: str, service: str) -> Any:
    from moto.core.base_backend import BackendDict  # noqa: PLC0415 - moto is imported on first use

    values = vars(importlib.import_module(module)).values()
    return next(value for value in values if isinstance(value, BackendDict) and value.service_name == service)


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, bodies: Path) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        from moto.s3.models import FakeKey  # noqa: PLC0415

        self._folder, self._key_class = bodies, FakeKey
        self.bodies: set[str] = set()
        self._names = dict(_named_backends())

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, StoredBody):
            return ("body", obj.name)
        return self._names.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is self._key_class:
            return obj.__class__.__new__, (obj.__class__,), self._key_state(obj), None, None, _set_key_state
        return reduction_of(obj)

    def _key_state(self, key: Any) -> dict[str, Any]:
        state = {name: value for name, value in key.__dict__.items() if name not in {"_value_buffer", "lock"}}
        if not key.disposed:
            body = StoredBody.keep(key, self._folder)
            self.bodies.add(body.name)
            state["_value_buffer"] = body
        return state


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, bodies: Path) -> None:
        super().__init__(stream)
        self._folder = bodies

    def persistent_load(self, pid: Any) -> Any:
        kind, *names = pid
        if kind == "body":
            return StoredBody(self._folder / names[0])
        module, service, *path = names
        found = _backend_dict(module, service)
        for name in path:
            found = found[name]
        return found


def _named_backends() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the identity of every backend, and of the dicts that hold them, with its name."""
    for backend_dict in backends.loaded():
        name = ("backend", backend_dict.backend.__module__, backend_dict.service_name)
        yield id(backend_dict), name
        for account_id, account in list(backend_dict.items()):
            yield id(account), (*name, account_id)
            for region, backend in list(account.items()):
                yield id(backend), (*name, account_id, region)


def _set_key_state(key: Any, state: dict[str, Any]) -> None:
    key.__dict__.update(state)
    key.lock = threading.Lock()
