"""Run container groups as processes forked from a warm server."""

import itertools
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from local_aws.containers import hosts, remap
from local_aws.containers.cpus import CpuShares, available_cpus
from local_aws.containers.fork_client import ForkClient
from local_aws.containers.fork_server.messages import Network, ProcessRequest, Sandbox
from local_aws.containers.fork_server.warmup import MODULES
from local_aws.containers.group import ProcessGroup
from local_aws.containers.images import Image, find_image
from local_aws.containers.program_names import BASE_VARIABLE, ISOLATED_VARIABLE, PROGRAM_NAMES
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.errors import LocalAwsError
from local_aws.settings import Settings

_log = logging.getLogger(__name__)
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SANDBOXES = ("auto", "namespaces", "remap")


class SandboxError(LocalAwsError):
    """The sandbox asked for does not work on this machine."""


def open_runtime(settings: Settings) -> "ProcessRuntime":
    """Start the process that runs containers; returns at once, while it warms up."""
    return ProcessRuntime(settings)


class ProcessRuntime:
    """Start container groups; implements `ContainerRuntime`."""

    def __init__(self, settings: Settings, *, preload: Sequence[str] = MODULES) -> None:
        """Start the fork server.

        Args:
            settings: Of the local AWS.
            preload: Modules that jobs find imported.
        """
        if settings.sandbox not in _SANDBOXES:
            raise SandboxError(f"Settings.sandbox is {settings.sandbox!r}; allowed are {', '.join(_SANDBOXES)}")
        self._mode = settings.sandbox
        self._own_images = settings.images
        self._shims = _write_shims(settings.root / "containers" / "bin")
        self._lock = threading.Lock()
        self._preload = preload
        self._client = ForkClient(preload)
        self._cpus = CpuShares(available_cpus())
        self._numbers = itertools.count(1)
        self._closed = False

    @property
    def has_real_paths(self) -> bool:
        """Whether containers see a real /opt/ml (Linux namespaces) rather than remapped paths."""
        if self._mode == "remap":
            return False
        _, reason = self._live_client().probe()
        if reason and self._mode == "namespaces":
            raise SandboxError(f"Settings.sandbox is 'namespaces', but {reason}. Use 'auto' or 'remap'.")
        return not reason

    def start(self, group: ContainerGroup) -> ProcessGroup:
        """Start all containers of a group.

        Raises:
            UnsupportedImageError: The group's image is none that the local AWS knows.
        """
        images = [find_image(spec.image, self._own_images) for spec in group.containers]
        real_paths = self.has_real_paths
        client = self._live_client()
        names = [spec.host for spec in group.containers]
        addresses = _addresses(names, isolated=group.network_isolated, real_paths=real_paths)
        requests = tuple(
            self._request(spec, image, addresses, group=group, real_paths=real_paths)
            for spec, image in zip(group.containers, images, strict=True)
        )
        logs = {request.id: Path(request.log_path) for request in requests}
        specs = {request.id: spec for request, spec in zip(requests, group.containers, strict=True)}

        had_real_ml = remap.REAL_ML.exists()

        def on_end(container: str, code: int) -> None:
            self._cpus.release(container)
            if not real_paths:
                made_real_ml = remap.REAL_ML.exists() and not had_real_ml  # root can: its output is then lost
                if code != 0 or made_real_ml:
                    _append_hint(specs[container], is_certain=made_real_ml)

        running = ProcessGroup(client, logs, on_end)
        network = Network(
            isolated=group.network_isolated and real_paths,
            user_namespace=real_paths and client.probe()[0],
        )
        client.start(requests, network, running.hear)
        return running

    def wait_until_warm(self, timeout: float | None = None) -> bool:
        """Block until jobs start without import time (never needed before `start`); return whether they do."""
        return self._live_client().wait_until_warm(timeout)

    def close(self) -> None:
        """End every container and the runtime's own processes."""
        with self._lock:
            self._closed = True
            self._client.close()

    def _live_client(self) -> ForkClient:
        """Return the fork server's client; a new one where the old one died."""
        with self._lock:
            if not self._client.is_alive and not self._closed:
                _log.warning("the fork server died; starting another")
                self._client.close()
                self._client = ForkClient(self._preload)
            return self._client

    def _request(
        self, spec: ContainerSpec, image: Image, addresses: dict[str, str], *, group: ContainerGroup, real_paths: bool
    ) -> ProcessRequest:
        name = f"{group.name}/{spec.host}/{next(self._numbers)}"
        _prepare_folders(spec)
        _warn_about_version(spec, image)
        cpus = self._cpus.take(name, spec.cpus)
        environment = self._environment(spec, isolated=group.network_isolated, real_paths=real_paths)
        sandbox = None
        if real_paths:
            hosts_file = spec.root / "etc" / "hosts"
            hosts.write_hosts_file(hosts_file, addresses, with_host_entries=not group.network_isolated)
            mounts = {target: str(source) for target, source in spec.read_only.items()}
            sandbox = Sandbox(str(spec.root / "opt/ml"), str(hosts_file), spec.host, mounts)
        request = ProcessRequest(
            id=name,
            command=spec.command,
            environment=environment,
            working_dir=spec.working_dir,
            log_path=str(spec.log_path),
            cpus=cpus,
            image_family=image.family,
            sandbox=sandbox,
        )
        return request if real_paths else _remapped(request, spec, addresses)

    def _environment(self, spec: ContainerSpec, *, isolated: bool, real_paths: bool) -> dict[str, str]:
        own = {
            "PATH": f"{self._shims}:{_SYSTEM_PATH}",
            "HOME": str(spec.root / "home"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(spec.root / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        if spec.cpus is not None:
            own["OMP_NUM_THREADS"] = str(min(max(spec.cpus, 1), len(available_cpus())))
        if spec.command and spec.command[0] in PROGRAM_NAMES:
            own |= {ISOLATED_VARIABLE: str(int(isolated))} | ({} if real_paths else {BASE_VARIABLE: "/opt/ml"})
        return {**own, **spec.environment}


def _prepare_folders(spec: ContainerSpec) -> None:
    for folder in ("opt/ml", "home", "tmp"):
        (spec.root / folder).mkdir(parents=True, exist_ok=True)
    spec.log_path.parent.mkdir(parents=True, exist_ok=True)
    spec.log_path.touch()


def _warn_about_version(spec: ContainerSpec, image: Image) -> None:
    if warning := image.version_warning():
        with spec.log_path.open("a", encoding="utf-8") as log:
            log.write(f"{warning}\n")


def _addresses(names: list[str], *, isolated: bool, real_paths: bool) -> dict[str, str]:
    if not real_paths:
        return hosts.addresses_without_namespaces(names)
    return hosts.addresses_in_own_network(names) if isolated else hosts.addresses_on_the_host(names)


def _remapped(request: ProcessRequest, spec: ContainerSpec, addresses: dict[str, str]) -> ProcessRequest:
    remap.rewrite_generated_files(spec.root)
    remap.link_read_only(spec.root, dict(spec.read_only))
    return ProcessRequest(
        id=request.id,
        command=tuple(remap.rewrite(word, spec.root) for word in request.command),
        environment={key: remap.rewrite(value, spec.root) for key, value in request.environment.items()},
        working_dir=remap.rewrite(request.working_dir, spec.root),
        log_path=request.log_path,
        cpus=request.cpus,
        image_family=request.image_family,
        addresses=addresses,
    )


def _append_hint(spec: ContainerSpec, *, is_certain: bool) -> None:
    command = [remap.rewrite(word, spec.root) for word in spec.command]
    if text := remap.hint(spec.log_path, spec.root, command, is_certain=is_certain):
        with spec.log_path.open("a", encoding="utf-8") as log:
            log.write(f"\n{text}\n")
        failure = spec.root / "opt/ml/output/failure"  # it goes before the log as the job's failure reason
        if failure.is_file():
            failure.write_text(f"{text}\n{failure.read_text(encoding='utf-8', errors='replace')}", encoding="utf-8")


def _write_shims(folder: Path) -> Path:
    """Write the commands of the image that we stand in for, so that shells find this environment's Python."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    interpreter = f'exec "{sys.executable}"'
    for name, start in {
        "python": interpreter,
        "python3": interpreter,
        "pip": f"{interpreter} -m pip",
        "pip3": f"{interpreter} -m pip",
    }.items():
        fresh = folder / f".{name}.{os.getpid()}"
        fresh.write_text(f'#!/bin/sh\n{start} "$@"\n', encoding="utf-8")
        fresh.chmod(0o755)
        fresh.replace(folder / name)
    return folder
