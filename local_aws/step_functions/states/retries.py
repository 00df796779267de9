"""Decide whether and when a state that failed is tried again.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.step_functions.errors import StatesError

_ATTEMPTS, _INTERVAL, _RATE = 3, 1, 2.0


class Retries:
    """The retriers of one state, each with its own count of attempts."""

    def __init__(self, retriers: Sequence[Mapping[str, Any]]) -> None:
        self._retriers = retriers
        self._attempts = [0] * len(retriers)

    def delay_after(self, error: StatesError) -> float | None:
        """Return the seconds to wait before the next attempt, or None where there is none."""
        for number, retrier in enumerate(self._retriers):
            if error.is_named(retrier["ErrorEquals"]):
                if self._attempts[number] >= retrier.get("MaxAttempts", _ATTEMPTS):
                    return None
                self._attempts[number] += 1
                return _delay(retrier, self._attempts[number])
        return None


def _delay(retrier: Mapping[str, Any], attempt: int) -> float:
    delay = retrier.get("IntervalSeconds", _INTERVAL) * retrier.get("BackoffRate", _RATE) ** (attempt - 1)
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    # Full jitter: between nothing and the whole delay.
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else float(delay)
