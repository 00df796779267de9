"""Lines of captured files, block by block, so that memory does not grow with the files."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

_BLOCK_BYTES = 4 * 1024**2
# Twice SageMaker's largest payload in base64, and what surrounds it.
_LONGEST_LINE = 32 * 1024**2
_SUFFIXES = (".jsonl", ".out", ".json", ".csv")
_DAY_FOLDER = re.compile(r"(?:^|/)(\d{4})/(\d{2})/(\d{2})/(?:\d{2}/)?[^/]*$")
_HOUR_FOLDER = re.compile(r"(?:^|/)([01]\d|2[0-3])/[^/]*$")


@dataclass(frozen=True)
class Block:
    """Consecutive lines of a file.

    Attributes:
        file: Its path below the folder.
        first: Number of the first line in its file.
        lines: Lines that are not blank.
        unreadable: How many lines were too long to be read.
        is_hour_folder: Whether the file lies in an hour's folder, so that the service chose its day.
    """

    file: str
    first: int
    lines: list[bytes]
    unreadable: int
    is_hour_folder: bool


def blocks(folder: Path, files: Iterable[Path]) -> Iterator[Block]:
    """Yield the lines of files below a folder."""
    for path in files:
        yield from _of_file(path, path.relative_to(folder).as_posix())


def files_of(folder: Path, day: date) -> list[Path]:
    """Return the files of a day, in the order of their names; those in another day's `yyyy/mm/dd` folder are not."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    days = [_DAY_FOLDER.search(path.relative_to(folder).as_posix()) for path in files]
    return [
        path
        for path, found in zip(files, days, strict=True)
        if not found or "-".join(found.groups()) == day.isoformat()
    ]


def _of_file(path: Path, name: str) -> Iterator[Block]:
    is_hour_folder = _HOUR_FOLDER.search(name) is not None
    first = 0
    for chunk, unreadable in _chunks(path):
        lines = [line for line in chunk.split(b"\n") if line.strip()]
        if lines or unreadable:
            yield Block(name, first, lines, unreadable, is_hour_folder)
        first += len(lines) + unreadable


def _chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Whole lines of about a block's size, and how many lines were dropped for their length."""
    rest, is_dropping = b"", False
    with path.open("rb") as stream:
        while data := stream.read(_BLOCK_BYTES):
            head, newline, tail = data.rpartition(b"\n")
            if not newline:
                rest = b"" if is_dropping else rest + data
                if len(rest) > _LONGEST_LINE:
                    rest, is_dropping = b"", True
                continue
            if is_dropping:
                yield head.partition(b"\n")[2], 1
            else:
                yield rest + head, 0
            rest, is_dropping = tail, False
    if rest or is_dropping:
        yield rest, int(is_dropping)
