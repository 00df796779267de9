"""Run containers where no /opt/ml can be mounted: rewrite the path where we can see it, explain where we cannot.

Nothing is isolated in this mode: the network is the host's, and read-only channels can be written.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

REAL_ML = Path("/opt/ml")
_ML = re.compile(r"(?<![\w.-])/opt/ml(?![\w.-])")
_TEXT_SUFFIXES = {".py", ".sh", ".json", ".yaml", ".yml", ".toml", ".cfg", ".r", ".R"}
_GENERATED_FOLDERS = ("input/config", "config", "input/data/sm_drivers")
_GENERATED_SUFFIXES = {".json", ".py", ".sh"}
_LARGEST_SOURCE = 1 << 20


def rewrite(text: str, root: Path) -> str:
    """Replace the container path /opt/ml by the host folder that stands for it."""
    return _ML.sub(lambda _: f"{root}/opt/ml", text)


def rewrite_generated_files(root: Path) -> None:
    """Rewrite paths in files that no user wrote: the job's configuration and the SageMaker SDK's drivers."""
    for folder in _GENERATED_FOLDERS:
        for path in (root / "opt/ml" / folder).rglob("*.*"):
            if path.suffix in _GENERATED_SUFFIXES and path.is_file():
                path.write_text(rewrite(path.read_text(encoding="utf-8"), root), encoding="utf-8")


def link_read_only(root: Path, mounts: dict[str, Path]) -> None:
    """Show host folders at their container paths by symbolic links."""
    for target, source in mounts.items():
        link = root / target.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(source, target_is_directory=True)


def hint(log: Path, root: Path, command: Iterable[str], *, is_certain: bool = False) -> str:
    """Return what to tell about a container that used the real path /opt/ml; empty where its log shows no sign of it.

    Args:
        log: The container's log.
        root: Its folder.
        command: Its arguments, rewritten.
        is_certain: It is known to have used the path, whatever its log says.
    """
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if not is_certain and not _ML.search(text.replace(f"{root}/opt/ml", "")):
        return ""
    place = next(_hard_coded_places(root, command), None)
    where = f" ({place})" if place else ""
    return (
        f"local AWS: this job uses the path /opt/ml literally{where}, but this machine runs jobs with remapped paths: "
        f"/opt/ml is {root}/opt/ml. Take paths from arguments or from the SM_* environment variables, which are "
        "remapped, or run the local AWS on Linux with namespaces (sandbox='namespaces'), where /opt/ml is real."
    )


def _hard_coded_places(root: Path, command: Iterable[str]) -> Iterator[str]:
    """Yield `file:line` of each /opt/ml in the job's sources, those named by its command first."""
    named = [path for word in command if (path := Path(word)).is_file()]
    folders = [root / "opt/ml" / name for name in ("code", "processing/input", "input/data")]
    found = [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*"))]
    for path in dict.fromkeys([*named, *found]):
        if path.suffix in _TEXT_SUFFIXES - {".json"} and path.is_file() and path.stat().st_size < _LARGEST_SOURCE:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if _ML.search(line):
                    yield f"{path}:{number}: {line.strip()[:120]}"
