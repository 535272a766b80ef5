"""The make that started us, which passes SIGTERM on and nothing else.

A terminal sends Ctrl-C to both of us. Interrupted alone, make would wait for us for ever; so we
look: while its handler waits, the signal is blocked there.
"""

import os
import re
import signal
from collections.abc import Callable

from gxweb.supervisor import processes
from gxweb.supervisor.child import die_with_parent


def follow() -> Callable[[], bool]:
    """Ends with make, if make started us; returns a question: was make interrupted?"""
    if "MAKELEVEL" not in os.environ:
        return lambda: False
    die_with_parent()
    make = os.getppid()
    return lambda: signal.SIGINT in blocked(make)


def blocked(pid: int) -> set[int]:
    """The signals that a process does not take for now."""
    try:
        status = (processes.PROC / str(pid) / "status").read_text()
    except OSError:
        return set()
    found = re.search(r"^SigBlk:\s*([0-9a-f]+)$", status, re.MULTILINE)
    mask = int(found[1], 16) if found else 0
    return {number for number in range(1, 65) if mask & 1 << (number - 1)}
