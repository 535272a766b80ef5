"""What one read of the log changed, rendered once for all viewers."""

from __future__ import annotations

from runs import render
from workflows.wire.cursor import Cursor
from workflows.wire.state import State


class Step:
    """From one state to the next. The parts are made when the first viewer asks for them, and
    then the states are let go: nobody pays for pages that nobody looks at."""

    def __init__(self, old: State, new: State) -> None:
        self.start: Cursor = old.cursor
        self.end: Cursor = new.cursor
        self._states: tuple[State, State] | None = (old, new)
        self._html = ""

    @property
    def html(self) -> str:
        if self._states is not None:
            self._html = render.changes(*self._states)
            self._states = None
        return self._html
