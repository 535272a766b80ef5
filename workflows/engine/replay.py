"""What earlier attempts have finished: a look-up by identity, made from the folded log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workflows.engine.values import thaw
from workflows.wire.state import Span, State


@dataclass(frozen=True, slots=True)
class Found:
    """A finished span's value. A value, so that None can be one."""

    value: Any


@dataclass(slots=True)
class Replay:
    """`paths`: every identity that the log knows and where it was shown."""

    paths: dict[str, str] = field(default_factory=dict)
    _finished: dict[str, Span] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State) -> Replay:
        spans = state.spans.values()
        return cls(
            {span.hash: span.path for span in spans},
            {span.hash: span for span in spans if span.status == "completed"},
        )

    def __len__(self) -> int:
        return len(self._finished)

    def answer(self, digest: str) -> Found | None:
        """The value of a finished span, once. Raises Unthawable when this code cannot read it."""
        # Taken out, since an identity is asked for once: its memory is the run's from here on.
        span = self._finished.pop(digest, None)
        return None if span is None else Found(thaw(span.output))
