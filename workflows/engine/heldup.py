"""What holds a run up, in words that come and go."""

from __future__ import annotations

import time

from workflows.wire.events import Status

EVERY_S = 3.0


class HeldUp:
    """What holds a run up, said as its own status: at most every few seconds, and taken back when
    nothing does any more. Of one attempt."""

    def __init__(self) -> None:
        self.own = Status("")  # what the workflow itself said last
        self._by: set[str] = set()  # spans
        self._said = ""
        self._at = float("-inf")

    def because(self, path: str, words: str) -> Status | None:
        """`words` "": this span goes on. What is to be said now, if anything."""
        if not words:
            return self._over(path)
        self._by.add(path)
        now = time.monotonic()
        if words == self._said or now - self._at < EVERY_S:
            return None
        self._said, self._at = words, now
        return Status(words, self.own.done, self.own.total)

    def _over(self, path: str) -> Status | None:
        self._by.discard(path)
        if self._by or not self._said:
            return None
        self._said = ""
        return self.own
