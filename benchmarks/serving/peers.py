"""Make the virtual environment of the other stacks: pinned, hashed, on top of the project's own packages."""

import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_LOCK, _SCAFFOLD = _HERE / "requirements-peers.txt", _HERE / "requirements-scaffold.txt"
# AWS's own Dockerfile makes the first change; the second keeps the benchmark off the network.
_CHANGES = {"collections.Mapping": "collections.abc.Mapping", '"0.0.0.0:{}"': '"127.0.0.1:{}"'}


class PeersError(Exception):
    """The other stacks' packages cannot be installed."""


@dataclass(frozen=True)
class Peers:
    """Where the other stacks' Python and the scaffold's source lie."""

    python: Path
    scaffold: Path


def make_peers(folder: Path) -> Peers:
    """Install what is missing: 40 MB, once.

    Raises:
        PeersError: The package index cannot be reached, or a hash is wrong.
    """
    peers = Peers(folder / "bin" / "python", folder / "scaffold")
    wanted = _LOCK.read_text() + _SCAFFOLD.read_text() + sys.version
    stamp = folder / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return peers
    print(f"serving: the other stacks' packages → {folder} (40 MB, once)", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    pip = [str(peers.python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "install", "--require-hashes", "--no-deps", "-r", str(_LOCK)])
    _unpack_scaffold(pip, peers.scaffold)
    # XGBoost, pandas and numpy are the project's own, the same for every stack.
    packages = next(folder.glob("lib/python*/site-packages"))
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "project.pth").write_text("\n".join([str(peers.scaffold), *ours]) + "\n")
    stamp.write_text(wanted)
    return peers


def _unpack_scaffold(pip: list[str], target: Path) -> None:
    with tempfile.TemporaryDirectory() as downloads:
        options = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
        _run([*pip, "download", *options, "-d", downloads, "-r", str(_SCAFFOLD)])
        with tarfile.open(next(Path(downloads).glob("*.tar.gz"))) as archive:
            archive.extractall(downloads, filter="data")
        source = next(Path(downloads).glob("sagemaker_containers-*/src/sagemaker_containers"))
        package = target / "sagemaker_containers"
        target.mkdir(parents=True, exist_ok=True)
        source.rename(package)
        (source.parent.parent / "etc").rename(package / "etc")
    for path in package.rglob("*.py"):
        text = path.read_text()
        for old, new in _CHANGES.items():
            text = text.replace(old, new)
        path.write_text(text)


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise PeersError(f"{' '.join(command[:6])} … failed: {lines[-1] if lines else done.returncode}")
