"""What leads from the HTML of a growing text to its next, in few bytes however long it already is.

The two are equal up to some point. In each element that is open there, the nodes before that point
stay, and what the new HTML has after it is put behind them. Both are the sanitiser's: well formed,
of the few tags of `runs.markdown`, every `<`, `>` and `&` of a text escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

_PIECE = re.compile(r'<(/?)([a-z0-9]+)(?:[^>"]|"[^"]*")*>|([^<]+)')
_HALF = re.compile(r"&[^;]*\Z")
_VOID = frozenset({"br", "hr"})
# A parser drops rows that stand outside of a table; the page's script takes them out of ours.
_WITHIN = {
    "table": ("table",),
    "thead": ("table", "thead"),
    "tbody": ("table", "tbody"),
    "tr": ("table", "tbody", "tr"),
}


@dataclass(slots=True)
class _Open:
    """An element that is open at the point, and what of it stands before."""

    tag: str
    selector: str
    nodes: int = 0
    elements: int = 0
    text: str = ""  # what the last node says, if that is text

    def begin(self, tag: str) -> _Open:
        self.nodes, self.elements, self.text = self.nodes + 1, self.elements + 1, ""
        return _Open(tag, f"{self.selector}>:nth-child({self.elements})")

    def say(self, text: str) -> None:
        self.nodes, self.text = self.nodes + 1, text

    @property
    def keep(self) -> str:
        """`nodes`, or `nodes characters`: how many, and how much of the last one."""
        characters = len(unescape(self.text).encode("utf-16-le")) // 2  # as scripts count
        return f"{self.nodes} {characters}" if characters else str(self.nodes)


def edits(place: str, old: str, new: str) -> str | None:
    """The parts that turn `old`, the content of the element that the selector `place` finds, into
    `new`. None when a parser would count otherwise than we do."""
    if "\r" in new or "\0" in new:
        return None
    path, point = _open_at(place, old, new)
    # From the inside outwards, so that what is counted from the beginning still stands.
    had, have = _rests(old[point:], len(path)), _rests(new[point:], len(path))
    changed = zip(reversed(path), had, have, strict=True)
    return "".join(_edit(at, gone, come) for at, gone, come in changed if gone != come)


def _open_at(place: str, old: str, new: str) -> tuple[list[_Open], int]:
    """What is open where the two part, and where that is: never within a tag or an entity."""
    path, point, common = [_Open("div", place)], 0, _common(old, new)
    while (found := _PIECE.match(old, point)) and point < common:
        closes, tag, text = found[1], found[2], found[3]
        if found.end() > common and not text:
            break
        if text:
            said = _HALF.sub("", text[: common - point])
            if said:
                path[-1].say(said)
            point += len(said)
            if len(said) < len(text):
                break
            continue
        point = found.end()
        if closes:
            path.pop()
        elif tag in _VOID:
            path[-1].begin(tag)
        else:
            path.append(path[-1].begin(tag))
    return path, point


def _common(old: str, new: str) -> int:
    """How many characters the two begin with alike."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old.startswith(new[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low


def _rests(html: str, depth: int) -> list[str]:
    """What stands before the end of each element that is open, the innermost first."""
    rests, start, inside = [], 0, 0
    for found in _PIECE.finditer(html):
        if not found[2] or found[2] in _VOID:
            continue
        inside += -1 if found[1] else 1
        if inside < 0:
            rests.append(html[start : found.start()])
            start, inside = found.end(), 0
    rests.append(html[start:])
    if len(rests) != depth:
        raise ValueError("HTML that is not well formed")
    return rests


def _edit(at: _Open, gone: str, come: str) -> str:
    keep = at.keep if gone else ""
    first, *inner = _WITHIN.get(at.tag, ("div",))
    for tag in reversed(inner):
        come = f"<{tag}>{come}</{tag}>"
    return f'<{first} hx-swap-oob="beforeend:{at.selector}" data-keep="{keep}">{come}</{first}>'
