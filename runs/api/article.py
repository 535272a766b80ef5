"""The text of a run as one stream: its numbered channels, one after the other.

Sections are written at the same time and shown in order: the first that is not finished flows, the
others wait. What was sent cannot be taken back: a section that a retry begins anew is sent again
from its start, after an empty line, and what later steps polish is in the stored output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from runs.tail import Batch
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, Channel, State

NUMBERED = re.compile(r"\D(\d{1,6})$")
BREAK = "\n\n"


class Article:
    """Feed it batches; it gives back the text that may be sent on."""

    def __init__(self) -> None:
        self.state: State = EMPTY
        self._done: set[str] = set()
        self._current = ""
        self._sent = ""
        self._begun = False

    def feed(self, batch: Batch) -> str:
        self.state = fold(EMPTY if batch.reset else self.state, batch.events)
        return "".join(self._flow())

    def _flow(self) -> Iterator[str]:
        for name in _in_order(self.state.channels, complete=self.state.ended):
            if name in self._done:
                continue
            yield from self._say(name, self.state.channels[name])
            if not self._closed(self.state.channels[name]):
                return
            self._done.add(name)

    def _say(self, name: str, channel: Channel) -> Iterator[str]:
        text = channel.text
        if not text or (channel.stale and not self.state.ended):
            return
        if name != self._current or not text.startswith(self._sent):
            if self._begun:
                yield BREAK
            self._current, self._sent = name, ""
        self._begun = True
        yield text[len(self._sent) :]
        self._sent = text

    def _closed(self, channel: Channel) -> bool:
        span = self.state.spans.get(channel.span)
        return self.state.ended or span is None or span.status in {"completed", "failed"}


def _in_order(names: Iterable[str], *, complete: bool) -> list[str]:
    """The channels that end in a number, by it, as far as none is missing; otherwise all."""
    numbered = sorted((int(found[1]), name) for name in names if (found := NUMBERED.search(name)))
    if not numbered:
        return list(names)
    if complete:
        return [name for _, name in numbered]
    first = numbered[0][0]
    if first > 1:
        return []
    return [name for place, (number, name) in enumerate(numbered, first) if number <= place]
