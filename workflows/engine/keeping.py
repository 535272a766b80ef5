"""What a span has finished below it, kept for a later try of it or of one above it."""

from __future__ import annotations

from typing import Any

from workflows.engine.replay import Replay
from workflows.engine.values import is_opaque


class Keeping:
    """Of one span. It keeps the results of its calls while it is under way; when it has finished,
    the span above it keeps its result instead."""

    def __init__(
        self, replay: Replay, digest: str, *, tried_again: bool, above: Keeping | None
    ) -> None:
        # Whether what this span calls may be asked for once more.
        self.on: bool = tried_again or (above is not None and above.on)
        self._replay = replay
        self._digest = digest
        self._above = above if above is not None and above.on else None
        self._kept: set[str] = set()

    def took(self, digest: str) -> None:
        """A call was answered from what is finished already."""
        if self.on:
            self._kept.add(digest)

    def finish(self, frozen: Any) -> None:
        """The span has finished with this result."""
        if is_opaque(frozen):
            self.leave()
            return
        self._replay.drop(self._kept)
        if self._above is not None:
            self._replay.keep(self._digest, frozen)
            self._above.took(self._digest)

    def leave(self) -> None:
        """The span gave nothing. If it is called again, what it had finished is asked for."""
        if self._above is None:
            self._replay.drop(self._kept)
            return
        for digest in self._kept:
            self._above.took(digest)
