"""Other processes of this machine, as /proc shows them. A system without /proc shows none."""

import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")


def pids() -> Iterator[int]:
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def environment(pid: int) -> list[bytes]:
    """As it was started; empty for a process that is gone, is a zombie, or is not ours."""
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def working_in(folder: Path) -> Iterator[int]:
    return (pid for pid in pids() if _link(pid, "cwd") == str(folder))


def program(pid: int) -> str:
    """The name of its binary."""
    return Path(_link(pid, "exe")).name


def lives(pid: int) -> bool:
    """A zombie is dead: where nobody reaps orphans it stays in the table for ever."""
    try:
        os.kill(pid, 0)
        state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, PermissionError):
        return False
    except FileNotFoundError:
        return not PROC.is_dir()
    return state not in "ZX"


def send(targets: Iterable[int], number: signal.Signals) -> None:
    for pid in targets:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # It was faster.


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(PROC / str(pid) / name)
    except OSError:
        return ""
