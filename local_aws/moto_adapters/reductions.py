"""Pickle what moto's backends hold and pickle refuses: locks, weak dictionaries, local lambdas, private keys."""

import importlib
import marshal
import threading
import types
import weakref
from collections import defaultdict
from typing import Any

_LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


def reduction_of(obj: Any) -> Any:
    """Return how to rebuild an object, for `reducer_override`; NotImplemented where pickle knows itself."""
    if type(obj) in _LOCKS:
        return _LOCKS[type(obj)], ()
    if isinstance(obj, weakref.WeakValueDictionary):
        return weakref.WeakValueDictionary, (dict(obj),)
    if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
        return _default_dict, (type(obj), obj.default_factory), obj.__dict__, None, iter(obj.items())
    if isinstance(obj, types.FunctionType) and "<locals>" in obj.__qualname__ and not obj.__closure__:
        # A snapshot is read by the Python version that wrote it only, so that its byte code stays valid.
        return _function, (marshal.dumps(obj.__code__), obj.__module__, obj.__defaults__)
    if hasattr(obj, "private_bytes"):
        return _private_key, (_pem(obj),)
    return NotImplemented


def _default_dict(kind: type[defaultdict[Any, Any]], factory: Any) -> Any:
    """Return an empty dict of a subclass, whatever its constructor wants."""
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _function(code: bytes, module: str, defaults: Any) -> types.FunctionType:
    function = types.FunctionType(marshal.loads(code), vars(importlib.import_module(module)))  # noqa: S302 - our file
    function.__defaults__ = defaults
    return function


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415 - only where KMS is used

    pem: bytes = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    return pem


def _private_key(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    return load_pem_private_key(pem, None)
