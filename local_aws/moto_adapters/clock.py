"""Make moto tell the local AWS's time."""

import datetime as dt
import threading

from local_aws.clock import Clock

_CURRENT = threading.local()
_DEFAULT: list[Clock] = []


def tell(clock: Clock) -> None:
    """Make every timestamp that moto takes come from a clock; where several are told, from the last, or `use`d one."""
    from moto.core import utils  # noqa: PLC0415 - moto is imported on first use

    _DEFAULT[:] = [clock]
    utils._local_aws_now = _now  # noqa: SLF001 - a name of ours
    # Dozens of moto's modules hold the function itself: only its code is in one place.
    utils.utcnow.__code__ = _utcnow.__code__


def use(clock: Clock) -> None:
    """Make this thread's requests to moto read a clock."""
    _CURRENT.clock = clock


def _now() -> dt.datetime:
    clock: Clock = getattr(_CURRENT, "clock", None) or _DEFAULT[0]
    return clock.now().replace(tzinfo=None)


def _utcnow() -> dt.datetime:
    return _local_aws_now()  # type: ignore[name-defined]  # noqa: F821 - runs inside moto.core.utils
