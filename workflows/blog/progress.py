"""How far a post is: the one sentence that says what is going on now, and steps done of all."""

from __future__ import annotations

from workflows.engine import status

# Plan, outline, stitch, description: what every post has beside chunks and sections.
FIXED_STEPS = 4


class Progress:
    def __init__(self, chunks: int, sections: int) -> None:
        self._total = FIXED_STEPS + chunks + sections
        self._done = 0
        self._now = ""

    def begin(self, message: str, *, sections: int | None = None, expected: int = 0) -> None:
        """Say what begins; with the outline the number of sections becomes known."""
        if sections is not None:
            self._total += sections - expected
        self._now = message
        self._say()

    def finish(self, steps: int = 1) -> None:
        self._done += steps
        self._say()

    def _say(self) -> None:
        status(self._now, done=self._done, total=self._total)
