"""What is finished already: a look-up by identity.

It begins with the folded log, so what earlier attempts have finished. What finishes in this attempt
is kept too while a component above it may be tried again: a finished call is not made twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.values import thaw
from workflows.wire.state import State


@dataclass(frozen=True, slots=True)
class Found:
    """A finished span's value. A value, so that None can be one."""

    value: Any


@dataclass(slots=True)
class Replay:
    """`paths`: every identity that the log knows and where it was shown."""

    paths: dict[str, str] = field(default_factory=dict)
    _finished: dict[str, Any] = field(default_factory=dict)  # frozen

    @classmethod
    def of(cls, state: State) -> Replay:
        spans = state.spans.values()
        return cls(
            {span.hash: span.path for span in spans},
            {span.hash: span.output for span in spans if span.status == "completed"},
        )

    def __len__(self) -> int:
        return len(self._finished)

    def answer(self, digest: str, *, again: bool = False) -> Found | None:
        """The value of a finished span, made anew. Raises Unthawable when this code cannot read it.

        `again`: it may be asked for once more. Otherwise its memory is the run's from here on.
        """
        if digest not in self._finished:
            return None
        frozen = self._finished[digest] if again else self._finished.pop(digest)
        return Found(thaw(frozen))

    def keep(self, digest: str, frozen: Any) -> None:
        """It finished in this attempt, and may be asked for again."""
        self._finished[digest] = frozen

    def drop(self, digests: Iterable[str]) -> None:
        """Nobody will ask for these any more."""
        for digest in digests:
            self._finished.pop(digest, None)
