"""Keep the body of an S3 object in a file that snapshots share, until it is written to."""

import os
import tempfile
from pathlib import Path
from typing import IO, Any, Self

_SPOOL_BYTES = 16 << 20


class StoredBody:
    """Stand in for the temporary file in which moto keeps an object's body; reads come from the stored file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._own: IO[bytes] | None = None

    @classmethod
    def keep(cls, key: Any, folder: Path) -> Self:
        """Write a key's body into the folder, where no file has that content yet."""
        path = folder / f"{key.etag.strip(chr(34))}-{key.contentsize}"
        if not path.exists():
            fresh = folder / f".{path.name}.{os.getpid()}"
            fresh.write_bytes(key.value)
            fresh.replace(path)
        return cls(path)

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position."""
        if self._own:
            return self._own.seek(position, whence)
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._path.stat().st_size}[whence]
        self._position = start + position
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._own.tell() if self._own else self._position

    def read(self, size: int = -1) -> bytes:
        """Read from the position."""
        if self._own:
            return self._own.read(size)
        with self._path.open("rb") as file:
            file.seek(self._position)
            data = file.read(size)
        self._position += len(data)
        return data

    def write(self, data: bytes) -> int:
        """Write at the position, into a private copy."""
        return self._private().write(data)

    def truncate(self, size: int | None = None) -> int:
        """Cut the content, in a private copy."""
        return self._private().truncate(size)

    def close(self) -> None:
        """Forget the private copy; the stored file stays for the snapshots."""
        if self._own:
            self._own.close()

    def _private(self) -> IO[bytes]:
        if self._own is None:
            self._own = tempfile.SpooledTemporaryFile(_SPOOL_BYTES)  # noqa: SIM115 - lives as long as this
            self._own.write(self._path.read_bytes())
            self._own.seek(self._position)
        return self._own
