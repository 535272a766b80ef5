"""What a log says in texts: who speaks in a channel, and what of it may be replaced.

The part of `fold` that has to do with text: a draft of its channels, whose pieces are joined at the
end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workflows.wire.state import Channel


class Texts:
    """The channels of a state under change."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = dict(channels)
        self._pieces: dict[str, list[str]] = {}
        self._lengths: dict[str, int] = {}

    def joined(self) -> dict[str, Channel]:
        for name in list(self._pieces):
            self._join(name)
        return self._channels

    def stale(self, path: str | None) -> None:
        """What a span said stays visible, dimmed, until the span speaks again or ends."""
        for name, channel in self._channels.items():
            if channel.span == path and (channel.anew or not channel.stale):
                self._join(name)
                self._channels[name] = replace(self._channels[name], stale=True, anew="")

    def drop_stale(self, path: str | None = None) -> None:
        """A span that ended well without saying it again did not mean it; `None`: all of them."""
        for name, channel in list(self._channels.items()):
            if channel.stale and path in (None, channel.span):
                self._channels[name] = Channel(channel.span, channel.anew)

    def write(self, name: str, span: str, at: int, delta: str) -> None:
        """Put `delta` at offset `at`; what stood there and after it goes."""
        had = self._channels.get(name)
        if had is None or had.span != span or had.stale:
            self._begin(name, had, span, at, delta)
            return
        if name not in self._pieces and at == len(had.text):
            self._pieces[name], self._lengths[name] = [had.text], at
        if name in self._pieces and at == self._lengths[name]:
            self._pieces[name].append(delta)
            self._lengths[name] += len(delta)
            return
        self._join(name)
        text = self._channels[name].text[:at] + delta
        self._channels[name] = replace(self._channels[name], text=text)

    def _begin(self, name: str, had: Channel | None, span: str, at: int, delta: str) -> None:
        """A new speaker, or one who begins again: `at` counts in its own words. What is there to be
        seen stays until there is something to be seen in its place."""
        if had is not None:
            self._join(name)
            had = self._channels[name]
        text = (_of(had, span) if had else "")[:at] + delta
        if had is not None and _shows(had.text) and not _shows(text):
            self._channels[name] = Channel(span, had.text, stale=True, anew=text)
        else:
            self._channels[name] = Channel(span, text)

    def _join(self, name: str) -> None:
        pieces = self._pieces.pop(name, None)
        self._lengths.pop(name, None)
        if pieces is not None:
            self._channels[name] = replace(self._channels[name], text="".join(pieces))


def _of(channel: Channel, span: str) -> str:
    return (channel.anew or channel.text) if channel.span == span else ""


def _shows(text: str) -> bool:
    """Blanks show nothing, nor do marks alone, such as the `#` that a heading begins with."""
    return any(character.isalpha() for character in text)
