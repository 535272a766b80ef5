"""Processes that a killed supervisor left behind: known by the mark in their environment."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from gxweb.supervisor import processes

MARK = "GX_SUPERVISED"


def mark(var: Path) -> dict[str, str]:
    """What each child, and each child of a child, carries in its environment."""
    return {MARK: str(var)}


def find(var: Path) -> list[int]:
    """Marked with this very VAR. Systems without /proc have none that we could know."""
    wanted = f"{MARK}={var}".encode()
    us = os.getpid()
    return [p for p in processes.pids() if p != us and wanted in processes.environment(p)]


def end(var: Path, wait: Callable[[float], None], grace_s: float = 5.0) -> int:
    """Asks them to stop, then kills what did not; returns how many there were."""
    found = find(var)
    processes.send(found, signal.SIGTERM)
    _await_none(var, wait, grace_s)
    processes.send(find(var), signal.SIGKILL)
    # Their ports are free only once they are gone.
    _await_none(var, wait, 2.0)
    return len(found)


def _await_none(var: Path, wait: Callable[[float], None], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while find(var) and time.monotonic() < deadline:
        wait(0.05)
