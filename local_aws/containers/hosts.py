"""Give the containers of a group addresses, and the file in which they find each other."""

import itertools
from collections.abc import Sequence
from pathlib import Path

_OWN_NETWORK = "127.0.1."
_GROUPS_ON_THE_HOST = itertools.count()


def addresses_in_own_network(hosts: Sequence[str]) -> dict[str, str]:
    """Return host name → address for a group that shares a network of its own."""
    return {host: f"{_OWN_NETWORK}{number}" for number, host in enumerate(hosts, 1)}


def addresses_on_the_host(hosts: Sequence[str]) -> dict[str, str]:
    """Return host name → address for a group on the host's network.

    Each group gets its own part of Linux's 127.0.0.0/8, so that two groups may listen on the same port.
    """
    group = next(_GROUPS_ON_THE_HOST)
    prefix = f"127.{16 + group // 256 % 200}.{group % 256}."
    return {host: f"{prefix}{number}" for number, host in enumerate(hosts, 1)}


def addresses_without_namespaces(hosts: Sequence[str]) -> dict[str, str]:
    """Return host name → address where the only loopback address is 127.0.0.1 (macOS)."""
    return dict.fromkeys(hosts, "127.0.0.1")


def write_hosts_file(path: Path, addresses: dict[str, str], *, with_host_entries: bool) -> None:
    """Write a hosts file: the group, localhost and, for a group on the host's network, what the host knows."""
    lines = ["127.0.0.1 localhost", "::1 localhost", *(f"{address} {host}" for host, address in addresses.items())]
    host_file = Path("/etc/hosts")
    if with_host_entries and host_file.exists():
        lines.append(host_file.read_text(encoding="utf-8", errors="replace").rstrip("\n"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
