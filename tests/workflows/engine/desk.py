"""An attempt without a server: what it says is kept in a list, and acknowledged at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from workflows.engine.attempt import Attempt, Facts
from workflows.engine.frame import Frame
from workflows.engine.identity import Place
from workflows.engine.journal import Journal
from workflows.engine.options import Options
from workflows.engine.replay import Replay
from workflows.wire import codec
from workflows.wire.codec import Packed
from workflows.wire.cursor import Cursor
from workflows.wire.events import Body


class Noting(Journal):
    """A journal that remembers what it was given, as it was given."""

    def __init__(self, said: list[Body], schedule: Any) -> None:
        super().__init__("run-1", Cursor(1, 0), mask=_unmasked, schedule=schedule)
        self._said = said

    def put(self, body: Body, **options: Any) -> None:
        super().put(body, **options)
        self._said.append(body)


class Desk:
    """`said`: the bodies, in order."""

    def __init__(self, **facts: Any) -> None:
        self.said: list[Body] = []
        self.journal: Journal = Noting(self.said, self._schedule)
        self.attempt = Attempt(Facts("run-1", 1, "ann", **facts), self.journal, Replay())

    def frame(self, name: str = "f", **options: Any) -> Frame:
        place = Place("digest", f"{name}[0]", name, None, None)
        return Frame(self.attempt, place, Options(name, **options))

    def texts(self) -> list[tuple[int, str]]:
        """The deltas that are about to be sent, with their offsets."""
        waiting = [codec.loads(p.data)["data"] for p in self.journal.take(0.0) if p.kind == "text"]
        return [(text["at"], text["delta"]) for text in waiting]

    def _schedule(self, journal: Journal, lazy: bool) -> None:
        asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        if self.journal.flight is None and self.journal.waiting:
            self.journal.take(0.0)
            self.journal.acknowledge(asyncio.get_running_loop().time())


def _unmasked(body: Body, pack: Callable[[Body], Packed]) -> Packed:
    return pack(body)
