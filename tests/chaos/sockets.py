"""The TCP connections of a process, as the kernel and as Redis know them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis import Redis

from tests.chaos.process import Process

ESTABLISHED = "01"


def inodes(pid: int) -> set[str]:
    """The sockets among a process's open files."""
    found = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(fd.readlink())
        except FileNotFoundError:
            continue  # closed while we looked
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def pairs(process: Process) -> set[tuple[int, int]]:
    """Its TCP connections: (own port, the other's port), in whatever state they are."""
    mine, found = inodes(process.pid), set()
    for line in Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in mine:
            found.add((_port(fields[1]), _port(fields[2])))
    return found


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def redis_clients(client: Redis, process: Process) -> list[dict[str, Any]]:
    """CLIENT LIST, only the connections of this process."""
    ports = {own for own, _ in pairs(process)}
    return [c for c in client.client_list() if int(c["addr"].rpartition(":")[2]) in ports]


def resident(process: Process) -> int:
    """RSS in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def begin_most(process: Process) -> None:
    """From here on counts what `most_resident` says."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def most_resident(process: Process) -> int:
    """The highest RSS since then, in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
