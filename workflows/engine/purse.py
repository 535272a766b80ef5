"""What the tries at providers come to, on its way to the ledger: kept until Redis has it.

No fence stands before it: a worker that has lost its run still says what its calls have cost. What
waits is bounded by the calls that are open, since none begins before its beginning is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.engine.errors import Failure
from workflows.wire.spend import Try, command

MOST_AT_ONCE = 1000

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Record:
    tried: Try
    written: asyncio.Future[None]  # whoever waits for it may cancel it
    settled: bool = False

    def settle(self, error: Exception | None = None) -> None:
        self.settled = True
        if self.written.done():
            return
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)
            self.written.exception()  # nobody may be waiting


class Purse:
    """All of it runs in the loop's thread. `wake`: let the writer look here."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._records: list[Record] = []
        self._going: list[Record] = []

    @property
    def waiting(self) -> bool:
        return bool(self._records)

    def put(self, tried: Try) -> asyncio.Future[None]:
        """Done when Redis has it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._records.append(Record(tried, future))
        self._wake()
        return future

    async def emptied(self) -> None:
        """Wait until all that was put is in Redis."""
        if waiting := [record.written for record in self._records]:
            await asyncio.wait(waiting)

    def take(self) -> list[tuple[Any, ...]]:
        """The commands for what waits; they are answered by `settle`."""
        self._going = self._records[:MOST_AT_ONCE]
        return [command(record.tried) for record in self._going]

    def settle(self, answers: Sequence[Any], is_final: Callable[[Exception], bool]) -> bool:
        """What has no answer goes again. False: there is some."""
        for record, answer in zip(self._going, answers, strict=True):
            if not isinstance(answer, Exception):
                record.settle()
            elif is_final(answer):
                logger.error("A call of %s cannot be written down: %r", record.tried.run, answer)
                record.settle(Failure("internal", "What a call costs cannot be written down."))
        unknown = [record for record in self._going if not record.settled]
        self._records = unknown + self._records[len(self._going) :]
        self._going = []
        return not unknown
