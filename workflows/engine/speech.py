"""What a try says on its channels, made fit to be shown before anyone counts its characters.

A model's deltas are cut anywhere: in the midst of a secret, which no piece of it would give away to
a mask, or between the two halves of a character beyond 16 bits. What may be the beginning of
either is held back until the next delta, or the end, tells.
"""

from __future__ import annotations

from workflows.engine.masking import Mask


class Speech:
    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held: dict[str, str] = {}

    def add(self, channel: str, delta: str) -> str:
        """What can be shown of it now, after what was held back."""
        said = self._held.pop(channel, "") + delta
        certain = self._mask.certain(said)
        if "\ud800" <= said[certain - 1 : certain] <= "\udbff":
            certain -= 1
        if certain < len(said):
            self._held[channel] = said[certain:]
        return self._fit(said[:certain])

    def rest(self) -> list[tuple[str, str]]:
        """What is still held back: channel and text."""
        held, self._held = self._held, {}
        return [(channel, self._fit(said)) for channel, said in held.items()]

    def forget(self, channel: str) -> None:
        self._held.pop(channel, None)

    def _fit(self, said: str) -> str:
        return self._mask.text(whole(said))


def whole(text: str) -> str:
    """With its halves of characters joined; one that is alone becomes U+FFFD, as in the log."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
