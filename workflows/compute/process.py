"""An order in a process of its own: what it breaks is itself.

The nursery is a process with the code loaded and nothing begun: a fork of the worker before that
began. A child of it costs a fork, not a start, and shares its memory; so a machine's crash, after
which every run on it is a suspect, can have many of them at once. Nursery and children die with the
worker, however it dies.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import logging
import os
import selectors
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from workflows.compute.forked import Forked
from workflows.wire.orders import Order

PAUSE_S = 1.0
EXIT_BROKEN = 70
_PR_SET_PDEATHSIG = 1
_QUIET = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

logger = logging.getLogger(__name__)


class Nursery:
    """The worker's side. Start `run()` as a task of the loop in which `carry_out` is called."""

    def __init__(self, first: Forked, command: Sequence[str]) -> None:
        """`first` is its process; `command` starts another when that is gone: by then this process
        is no more what a fork should be."""
        self._first: Forked | None = first
        self._command = list(command)
        self._process: Forked | Process | None = None
        self._up = asyncio.Event()
        self._count = count(1)
        self._numbers: dict[Order, int] = {}
        self._ends: dict[int, asyncio.Future[int | None]] = {}
        self._pids: dict[int, int] = {}
        self._early: dict[int, signal.Signals] = {}  # sent before there was a process

    async def run(self) -> None:
        """Until it is cancelled: a nursery that is gone is made again."""
        while True:
            try:
                await self._serve()
            except OSError as error:
                logger.warning("No process can be started: %r", error)
            await asyncio.sleep(PAUSE_S)

    async def carry_out(self, order: Order) -> int | None:
        """The exit code of its process, negative for a signal. None: that cannot be known."""
        await self._up.wait()
        number = self._numbers[order] = next(self._count)
        end: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._ends[number] = end
        self._write({"number": number, "order": order.to_dict()})
        try:
            return await end
        finally:
            self.send_signal(order, signal.SIGKILL)
            self._early.pop(number, None)
            del self._ends[number], self._numbers[order]

    def send_signal(self, order: Order, which: signal.Signals) -> None:
        """To the process of an order; one that is just being made gets it then."""
        if (number := self._numbers.get(order)) is not None:
            self._early[number] = which
            self._send(number, which)

    def _send(self, number: int, which: signal.Signals) -> None:
        if (pid := self._pids.get(number)) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, which)

    async def _serve(self) -> None:
        process = self._process = await self._begun()
        self._up.set()
        try:
            await self._listen(process)
        finally:
            self._up.clear()
            self._pids.clear()
            for end in self._ends.values():
                _settle(end, None)
            with suppress(ProcessLookupError):
                process.kill()

    async def _begun(self) -> Forked | Process:
        first, self._first = self._first, None
        if first is None:
            return await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        await first.open()
        return first

    async def _listen(self, process: Forked | Process) -> None:
        if process.stdout is None:
            raise OSError("the nursery has no output")
        while line := await process.stdout.readline():
            said = json.loads(line)
            number = said["number"]
            if "pid" in said:
                self._pids[number] = said["pid"]
                if number not in self._ends:  # nobody waits for it any more
                    self._send(number, signal.SIGKILL)
                elif number in self._early:
                    self._send(number, self._early[number])
            else:
                self._pids.pop(number, None)
                if number in self._ends:
                    _settle(self._ends[number], said["code"])

    def _write(self, said: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(said).encode() + b"\n")


def _settle(end: asyncio.Future[int | None], code: int | None) -> None:
    if not end.done():
        end.set_result(code)


def nurse(carry_out: Callable[[Order], int]) -> int:
    """The nursery's side: forks for every order that stdin brings, until it is closed.

    `carry_out` gives the exit code. This process has one thread, or a fork could hang its child.
    """
    for number in _QUIET:
        # They may be meant for the whole group. The worker decides when its children are to end.
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()
    return _Nurse(carry_out).serve()


class _Nurse:
    def __init__(self, carry_out: Callable[[Order], int]) -> None:
        self._carry_out = carry_out
        self._said = b""
        self._numbers: dict[int, int] = {}  # by pid
        # What children print must not look like an answer.
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._wakes, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def serve(self) -> int:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as ready:
            ready.register(0, selectors.EVENT_READ)
            ready.register(self._wakes, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    data = os.read(key.fd, 1 << 16)
                    if key.fd == self._wakes:
                        self._bury()
                    elif data:
                        self._hear(data)
                    else:
                        return 0

    def _hear(self, data: bytes) -> None:
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            self._bear(said["number"], Order.from_dict(said["order"]))

    def _bear(self, number: int, order: Order) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            logger.warning("No process for %s: %r", order.run, error)
            self._answer(number=number, code=0)
            return
        if pid == 0:
            self._live(parent, order)
        self._numbers[pid] = number
        self._answer(number=number, pid=pid)

    def _live(self, parent: int, order: Order) -> None:
        """The child, which never returns from here."""
        code = EXIT_BROKEN
        try:
            self._leave(parent)
            code = self._carry_out(order)
        except BaseException:
            logger.critical("%s broke its process", order.run, exc_info=True)
        finally:
            logging.shutdown()
            os._exit(code)

    def _leave(self, parent: int) -> None:
        """Be a process of one's own, that dies with its parent."""
        signal.set_wakeup_fd(-1)
        for number in (*_QUIET, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        die_with(parent)
        be_the_first_to_go()
        for fd in (self._out, self._wakes, self._wake):
            os.close(fd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def _bury(self) -> None:
        while self._numbers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            self._answer(number=self._numbers.pop(pid), code=code)

    def _answer(self, **said: int) -> None:
        try:
            os.write(self._out, json.dumps(said).encode() + b"\n")
        except BrokenPipeError:
            sys.exit(0)


def die_with(parent: int) -> None:
    """Be killed when the parent ends, also while in code that lets no other thread go on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def be_the_first_to_go() -> None:
    """When the machine has no memory left, this process is ended and not the worker beside it."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
