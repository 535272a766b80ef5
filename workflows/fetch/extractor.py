"""Whoever has pages taken apart: keeps one process for that, and replaces it when it hurts itself.

Pages may be made to hurt whoever reads them; that process has nothing else to lose.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workflows.fetch.refusals import unreachable

PATIENCE_S = 20.0
ROOT = Path(__file__).resolve().parents[2]


class Extractor:
    """One page after the other; the process is started with the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        # A thread of its own: whoever waits here holds nobody else's.
        self._turn = ThreadPoolExecutor(1, thread_name_prefix="pages")

    def prepare(self) -> None:
        """A page will come soon: start the process, which takes as long as the page's way here."""
        self._turn.submit(self._running)

    async def take_apart(self, body: bytes, charset: str, url: str) -> dict[str, Any]:
        """Raises Refused."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._turn, self._ask, body, charset, url, PATIENCE_S
        )  # fmt: skip

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not yet written
                    pipe.close()
        process.wait()

    def _ask(self, body: bytes, charset: str, url: str, patience_s: float) -> dict[str, Any]:
        said = {"charset": charset, "url": url}
        # A page breaks its own fork only. Where the process is gone, something else ended it.
        for _ in range(2):
            process = self._running()
            with _bounded(process, patience_s) as late:
                answer = _answered(process, body, said)
            if late.is_set():
                self.close()
                raise unreachable("it takes too long to take apart", retryable=False)
            if answer is not None:
                break
            self.close()
        if not answer:
            raise unreachable("it cannot be taken apart", retryable=False)
        found: dict[str, Any] = json.loads(answer)
        return found

    def _running(self) -> subprocess.Popen[bytes]:
        # After a fork of ours the pipes are somebody else's.
        if self._process is None or self._pid != os.getpid() or self._process.poll() is not None:
            if self._pid == os.getpid():
                self.close()
            self._process, self._pid = _started(), os.getpid()
        return self._process


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (sys.executable, "-m", "workflows.fetch.extraction"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PYTHONUTF8": "1"},  # and no secret of ours
        start_new_session=True,  # Ctrl-C is for whoever started us
    )


@contextmanager
def _bounded(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Ends the process when it takes longer, and says so."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, give_up)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _answered(process: subprocess.Popen[bytes], body: bytes, said: dict[str, str]) -> bytes | None:
    """None: the process is no more."""
    if process.stdin is None or process.stdout is None:
        return None
    head = json.dumps({**said, "length": len(body)}).encode()
    try:
        process.stdin.write(head + b"\n" + body)
        process.stdin.flush()
        length = int(process.stdout.readline())
        answer = process.stdout.read(length)
    except (OSError, ValueError):
        return None
    return answer if len(answer) == length else None


EXTRACTOR = Extractor()
atexit.register(EXTRACTOR.close)
