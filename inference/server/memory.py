"""Give memory of large requests back to the system."""

import ctypes
import sys
from typing import Final

# malloc.h of glibc
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 1024 * 1024


def return_large_blocks() -> None:
    """Keep glibc from raising its thresholds: after one body of six megabytes it would keep twelve for good."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter in (_MMAP_THRESHOLD, _TRIM_THRESHOLD):
            mallopt(parameter, _LARGE_BYTES)
