"""A local AWS in a process of its own, for tests that need an empty account or the platform's real names.

moto keeps its state in module globals: whatever runs in the tests' process shares one account.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_aws import launcher


@contextmanager
def local_aws_process(root: Path, *flags: str) -> Iterator[dict[str, str]]:
    """Run `python -m local_aws up`; the value is the environment that points a client at it."""
    command = [sys.executable, "-m", "local_aws", "up", "--root", str(root), *flags]
    try:
        subprocess.run(command, check=True, capture_output=True)
        yield dict(launcher.status(root).environment)
    finally:
        launcher.down(root)
