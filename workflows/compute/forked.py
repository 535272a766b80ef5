"""A fork of this process that works at the other end of two pipes."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn


class Forked:
    """Does `work`, whose value is its exit code, with its ends of the pipes as stdin and stdout.

    To be made while this process has one thread: another could hold a lock that nobody frees there.
    """

    def __init__(self, work: Callable[[], int]) -> None:
        theirs, ours = os.pipe(), os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # what no collector looks at stays shared
        self._pid = os.fork()
        if self._pid == 0:
            _be(work, theirs, ours)
        os.close(theirs[0])
        os.close(ours[1])
        self._hear, self._tell = ours[0], theirs[1]
        self.stdout: asyncio.StreamReader
        self.stdin: asyncio.WriteTransport

    async def open(self) -> None:
        """Until then it is neither heard nor told anything."""
        loop = asyncio.get_running_loop()
        hears, tells = os.fdopen(self._hear, "rb", 0), os.fdopen(self._tell, "wb", 0)
        reader = self.stdout = asyncio.StreamReader()
        heard = asyncio.StreamReaderProtocol(reader)
        self._hears, _ = await loop.connect_read_pipe(lambda: heard, hears)
        self.stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, tells)

    def kill(self) -> None:
        """For good: nothing of it is left."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._hears.close()
        self.stdin.close()


def _be(work: Callable[[], int], heard: tuple[int, int], said: tuple[int, int]) -> NoReturn:
    """The fork, which never returns from here. It ends when nobody can tell it anything any more:
    so it must not hold our end itself."""
    code = 1
    try:
        os.dup2(heard[0], 0)
        os.dup2(said[1], 1)
        for end in (*heard, *said):
            os.close(end)
        code = work()
    finally:
        os._exit(code)
