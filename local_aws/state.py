"""Keep the state of the local AWS on disk, so that it survives a restart.

`<root>/state` holds one file for the store, one for each of moto's services, and the bodies of S3 objects by content.
Every file is replaced in one step. What cannot be read is set aside, never a reason not to start.
"""

import datetime as dt
import json
import logging
import pickle
import platform
import shutil
import threading
import time
from importlib.metadata import version
from pathlib import Path

from local_aws.moto_adapters import backends, snapshot
from local_aws.moto_adapters.snapshot import SnapshotError
from local_aws.orphans import end_orphans
from local_aws.store import Store

_LOG = logging.getLogger(__name__)
_FORMAT = 1


class State:
    """The state folder of one server."""

    def __init__(self, root: Path, store: Store) -> None:
        self._folder, self._store = root / "state", store
        self._bodies = self._folder / "bodies"
        self._lock = threading.Lock()
        self._saved_version = -1
        self._body_names: dict[str, set[str]] = {}
        self.notices: list[str] = []

    def forget(self) -> None:
        """Start empty: remove what earlier runs left."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def restore_store(self, now: dt.datetime) -> None:
        """Read the records; jobs that ran when the server ended have failed."""
        self._check_manifest()
        self._bodies.mkdir(parents=True, exist_ok=True)
        (self._folder / "manifest.json").write_text(json.dumps(_manifest()), encoding="utf-8")
        file = self._folder / "store.pickle"
        if file.exists():
            try:
                self._store.restore(pickle.loads(file.read_bytes()))  # noqa: S301 - our own file
            except Exception as err:  # noqa: BLE001 - whatever a broken file raises
                self._set_aside(file, f"{type(err).__name__}: {err}")
            end_orphans(self._store, now)

    def restore_moto(self) -> None:
        """Read the state of moto's services."""
        for file in sorted(self._folder.glob("moto-*.pickle")):
            try:
                snapshot.load(file.read_bytes(), file.stem.removeprefix("moto-"), self._bodies)
            except SnapshotError as err:
                self._set_aside(file, str(err))

    def save(self, *, everything: bool = False) -> None:
        """Write what changed since the last call."""
        with self._lock:
            if self._store.version != self._saved_version:
                self._saved_version = self._store.version
                _replace(self._folder / "store.pickle", pickle.dumps(self._store.snapshot()))
            changed = backends.take_changed()
            if everything or "cloudformation" in changed:
                changed = {backend_dict.service_name for backend_dict in backends.loaded()}
            for backend_dict in backends.loaded() if changed else ():
                if backend_dict.service_name in changed:
                    self._save_service(backend_dict, is_last=everything)
            if everything:
                self._remove_unused_bodies()

    def _save_service(self, backend_dict: object, *, is_last: bool) -> None:
        name = str(getattr(backend_dict, "service_name", ""))
        try:
            data, bodies = snapshot.dump(backend_dict, self._bodies)
        except SnapshotError as err:
            # While requests change it, a state may be impossible to write; the next round tries again.
            _LOG.log(logging.WARNING if is_last else logging.DEBUG, "the state of %s is not saved", err)
            backends.mark_changed(name)
            return
        _replace(self._folder / snapshot.service_file(name), data)
        self._body_names[name] = bodies

    def _remove_unused_bodies(self) -> None:
        used = set().union(*self._body_names.values())
        if "s3" in self._body_names:
            for file in self._bodies.iterdir():
                if file.name not in used:
                    file.unlink(missing_ok=True)

    def _check_manifest(self) -> None:
        file = self._folder / "manifest.json"
        if not self._folder.exists():
            return
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as err:
            found = f"unreadable ({err})"
        if found != _manifest():
            self._set_aside(self._folder, f"it was written by {found}, this is {_manifest()}")

    def _set_aside(self, path: Path, why: str) -> None:
        target = path.with_name(f"{path.name}.broken-{time.time_ns()}")
        path.replace(target)
        notice = f"the saved state {path} cannot be read and was moved to {target}: {why}"
        self.notices.append(notice)
        _LOG.warning("%s", notice)


def _manifest() -> dict[str, object]:
    return {"format": _FORMAT, "moto": version("moto"), "python": ".".join(platform.python_version_tuple()[:2])}


def _replace(file: Path, data: bytes) -> None:
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_bytes(data)
    fresh.replace(file)
