"""A process of ours, in a process group of its own: what is killed is the whole group."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gxweb.supervisor.folder import Folder

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """What to run. `grace_s`: how long it may take to stop before it is killed."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    grace_s: float = 10.0
    outlives_us: bool = False


class Child:
    """A running process of ours."""

    def __init__(self, command: Command, folder: Folder) -> None:
        self.command = command
        self.started = time.monotonic()
        with folder.log(command.name).open("ab") as log:
            self._process = subprocess.Popen(
                command.argv,
                env=dict(command.env),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # The supervisor has one thread, so running code between fork and exec is safe.
                preexec_fn=None if command.outlives_us else die_with_parent,  # noqa: PLW1509
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> str | None:
        """How it ended; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def signal(self, number: signal.Signals) -> None:
        signal_group(self.pid, number)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Also right for a leader that is gone: its children may still be there."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return


def die_with_parent() -> None:
    """Asks the kernel for a SIGTERM when our parent dies: a killed supervisor leaves no workers."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
