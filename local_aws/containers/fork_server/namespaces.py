"""Give a process its own /opt/ml, host names, process tree and network, by Linux namespaces.

Everything happens inside namespaces of the calling process, so nothing is left on the host when it ends.
Python 3.11 has no os.unshare, hence ctypes.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from local_aws.containers.fork_server.messages import Network, Sandbox

_NEW_MOUNT, _NEW_UTS, _NEW_USER, _NEW_PID, _NEW_NET = 0x00020000, 0x04000000, 0x10000000, 0x20000000, 0x40000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = (
    *(0x1, 0x2, 0x4, 0x8),
    *(0x20, 0x1000, 0x4000, 0x40000),
)
_KEPT_FLAGS = _NO_SUID | _NO_DEVICES | _NO_EXEC  # statvfs and mount use the same bits
_SET_CHILD_SUBREAPER = 36
_GET_FLAGS, _SET_FLAGS, _INTERFACE_UP = 0x8913, 0x8914, 0x1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class SandboxUnavailableError(Exception):
    """This machine does not let us make a namespace; the message says which and why."""


def _call(name: str, *arguments: object) -> None:
    if _libc is None:
        raise SandboxUnavailableError(f"{name}: Linux namespaces do not exist on {sys.platform}")
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        shown = " ".join(os.fsdecode(item) if isinstance(item, bytes) else str(item) for item in arguments[:3])
        raise OSError(code, f"{name} {shown}: {os.strerror(code)}")


def _mount(source: str, target: str, kind: str | None, flags: int) -> None:
    _call("mount", source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), None)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, where the system can do that."""
    if _libc is not None:
        _call("prctl", _SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def open_group_namespaces(network: Network) -> list[int]:
    """Make the namespaces which a group shares; return them as open files, in the order to join them.

    The caller itself stays where it is.
    """
    if network.is_host:
        return []
    if not network.user_namespace:
        with _making("net", _NEW_NET):
            _raise_loopback()
            return [os.open("/proc/self/ns/net", os.O_RDONLY)]
    return _receive_from_child(network)  # nobody comes back from a user namespace


@contextlib.contextmanager
def _making(name: str, flag: int) -> Iterator[None]:
    """Make a namespace, and go back to the own one afterwards."""
    own = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    try:
        _call("unshare", flag)
        yield
    finally:
        _call("setns", own, flag)
        os.close(own)


def new_process_tree() -> contextlib.AbstractContextManager[None]:
    """Make the caller's next child process 1 of a new process tree. Needs root."""
    return _making("pid", _NEW_PID)


def _receive_from_child(network: Network) -> list[int]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        if (child := os.fork()) == 0:
            _exit_after(lambda: _make_and_send(network, theirs))
        theirs.close()
        data, files, _, _ = socket.recv_fds(ours, 4096, 2)
        os.waitpid(child, 0)
    if not files:
        raise SandboxUnavailableError(data.decode() or "the helper that makes a namespace died")
    return files


def _make_and_send(network: Network, channel: socket.socket) -> None:
    try:
        make_group_namespaces(network)
        names = [*(["user"] if network.user_namespace else []), *(["net"] if network.isolated else [])]
        files = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in names]
    except (OSError, SandboxUnavailableError) as error:
        channel.sendall(str(error).encode())
    else:
        socket.send_fds(channel, [b"ok"], files)


def make_group_namespaces(network: Network) -> None:
    """Put the calling process into new namespaces, as user 0 of its own user namespace if it asks for one."""
    user, group = os.geteuid(), os.getegid()
    flags = (_NEW_USER if network.user_namespace else 0) | (_NEW_NET if network.isolated else 0)
    _call("unshare", flags)
    if network.user_namespace:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
    if network.isolated:
        _raise_loopback()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = fcntl.ioctl(probe, _GET_FLAGS, struct.pack("16sH14s", b"lo", 0, b""))
        flags = struct.unpack("16sH14s", request)[1] | _INTERFACE_UP
        fcntl.ioctl(probe, _SET_FLAGS, struct.pack("16sH14s", b"lo", flags, b""))


def join(files: list[int]) -> None:
    """Move the calling process into the namespaces of its group."""
    for file in files:
        _call("setns", file, 0)


def isolate(*, with_process_tree: bool) -> None:
    """Give the calling process its own mounts and host name, and its next child a new process tree if asked for."""
    _call("unshare", _NEW_MOUNT | _NEW_UTS | (_NEW_PID if with_process_tree else 0))
    _mount("none", "/", None, _RECURSIVE | _PRIVATE)


def furnish(sandbox: Sandbox) -> None:
    """Mount what the container shall see; called by process 1 of its process tree."""
    _mount("proc", "/proc", "proc", _NO_SUID | _NO_DEVICES | _NO_EXEC)
    _replace_opt(sandbox.ml_folder)
    _mount(sandbox.hosts_file, "/etc/hosts", None, _BIND)
    for target, source in sandbox.read_only.items():
        _mount_read_only(source, target)
    _call("sethostname", sandbox.host_name.encode(), len(sandbox.host_name))


def _replace_opt(ml_folder: str) -> None:
    """Cover /opt by an empty folder and bring back what was in it: the interpreter may live there."""
    entries = {entry.name: os.open(entry, os.O_PATH | os.O_NOFOLLOW) for entry in Path("/opt").iterdir()}
    ml = os.open(ml_folder, os.O_PATH)
    _mount("tmpfs", "/opt", "tmpfs", _NO_SUID | _NO_DEVICES)
    for name, file in entries.items():
        if name != "ml":
            _bring_back(file, Path("/opt", name))
        os.close(file)
    Path("/opt/ml").mkdir()
    _mount(f"/proc/self/fd/{ml}", "/opt/ml", None, _BIND | _RECURSIVE)
    os.close(ml)


def _bring_back(file: int, target: Path) -> None:
    source = Path(f"/proc/self/fd/{file}")
    with contextlib.suppress(OSError):  # only a symbolic link can be read as one
        target.symlink_to(os.readlink("", dir_fd=file))
        return
    target.mkdir() if source.is_dir() else target.touch()
    _mount(str(source), str(target), None, _BIND | _RECURSIVE)


def _mount_read_only(source: str, target: str) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)
    _mount(source, target, None, _BIND | _RECURSIVE)
    inherited = os.statvfs(target).f_flag & _KEPT_FLAGS
    _mount("none", target, None, _REMOUNT | _BIND | _READ_ONLY | inherited)


def _exit_after(body: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        body()
        code = 0
    finally:
        os._exit(code)


def probe() -> tuple[bool, str]:
    """Try everything a container needs.

    Returns:
        Whether a user namespace is needed for it, and why it is impossible ("" where it is possible).
    """
    if sys.platform != "linux":
        return False, f"Linux namespaces do not exist on {sys.platform}"
    if not Path("/opt").is_dir():
        return False, "the folder /opt, in which /opt/ml is mounted, does not exist on this machine"
    user_namespace = os.geteuid() != 0
    reason = _attempt(user_namespace=user_namespace)
    if reason and not user_namespace:  # root without the capability, as in many containers
        user_namespace, reason = True, _attempt(user_namespace=True) and reason
    return user_namespace, reason


def _attempt(*, user_namespace: bool) -> str:
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read)
        _exit_after(lambda: _rehearse(user_namespace, write))
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answer:
        reason = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return reason or ("" if status == 0 else f"the probe ended with code {status}")


def _rehearse(user_namespace: bool, write: int) -> None:
    try:
        make_group_namespaces(Network(isolated=True, user_namespace=user_namespace))
        isolate(with_process_tree=True)
        if (child := os.fork()) == 0:
            _exit_after(lambda: _tell_failure(lambda: furnish(Sandbox("/proc", "/etc/hosts", "probe")), write))
        os.waitpid(child, 0)
    except (OSError, SandboxUnavailableError) as error:
        os.write(write, str(error).encode())


def _tell_failure(body: Callable[[], None], write: int) -> None:
    try:
        body()
    except OSError as error:
        os.write(write, str(error).encode())
