"""A cursor is an event's id, `attempt-seq`: where a reader is.

It is compared as two integers, never as text: `2-10` comes after `2-9`.
"""

from __future__ import annotations

from typing import NamedTuple, Self


class Cursor(NamedTuple):
    """An event's id. `attempt` is the fencing token, `seq` is gap-free within it."""

    attempt: int
    seq: int

    def __str__(self) -> str:
        return f"{self.attempt}-{self.seq}"

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read `attempt-seq`. Raises ValueError for anything else."""
        # As bytes, whose digits are those of ASCII only.
        raw = text.encode() if isinstance(text, str) else text
        attempt, _, seq = raw.partition(b"-")
        if not (attempt.isdigit() and seq.isdigit()):
            raise ValueError(f"not a cursor: {text[:40]!r}")
        return cls(int(attempt), int(seq))

    def next(self, by: int = 1) -> Self:
        return self._replace(seq=self.seq + by)

    def before(self) -> Cursor:
        """What a reader is after whose next event would be this one."""
        if self.seq > 0:
            return Cursor(self.attempt, self.seq - 1)
        return Cursor(self.attempt - 1, LAST) if self.attempt else self


LAST = 2**63 - 1  # no attempt has as many events
FIRST = Cursor(0, 1)  # of the event with which a log begins
ZERO = Cursor(0, 0)  # before everything: Redis has no `0-0`, so a log opens with `0-1`
