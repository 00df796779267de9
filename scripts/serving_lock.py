"""Write requirements-serving.lock: the lines of requirements.lock that the model server needs, and no others.

    .venv/bin/python scripts/serving_lock.py

Nothing is resolved anew: versions and hashes are those that everything else is tested with. The dependencies are read
from the installed packages.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# scikit-learn is on the managed image, but the server does not use it.
ROOTS = ("httptools", "numba", "numpy", "pandas", "pyarrow", "scipy", "uvloop", "xgboost-cpu")
_HEADER = "# Written by scripts/serving_lock.py from requirements.lock.\n"


def closure(roots: tuple[str, ...] = ROOTS) -> set[str]:
    """The packages and all that they require, extras aside."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = _canonical(waiting.pop())
        if name in found:
            continue
        found.add(name)
        requirements = metadata.requires(name) or []
        waiting += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requirements if "extra ==" not in line]
    return found


def entries(lock: str) -> dict[str, str]:
    """The entries of a lock file by package: the pinned version and its hashes."""
    blocks = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)
    return {_canonical(block.partition("==")[0]): block for block in blocks if re.match(r"[\w.-]+==", block)}


def serving_lock(lock: str) -> str:
    """The text of requirements-serving.lock."""
    wanted, known = closure(), entries(lock)
    return _HEADER + "".join(known[name] for name in sorted(wanted))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Write the file."""
    text = serving_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    (ROOT / "requirements-serving.lock").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
