"""Markdown of models and people as HTML that can do nothing, also while it still grows.

Top-level blocks that a further line can no longer change are closed: their HTML is made once and
only added to. What follows is the tail, made again with each addition. Where the tail begins is a
function of the text alone, so any chunking gives the HTML of the whole. Two choices keep it so:

- no link reference definitions: one at the end would change what was read long ago;
- a line counts when it has ended: before, it could still become anything.

Whatever the parser makes goes through an allow-list of our own; no class, id, style or image is on
it. A citation such as [c3] leads to the card of its source, if that id was allotted.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from threading import Lock
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block.table import table
from markdown_it.token import Token

from runs.links import allowed, hosted

SCHEMES = frozenset({"http", "https", "mailto"})
TAGS = frozenset(
    {"p", "h2", "h3", "h4", "ul", "ol", "li", "a", "strong", "em", "code", "pre", "blockquote"}
    | {"table", "thead", "tbody", "tr", "th", "td", "hr", "br"}
)
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
HEADINGS = {"h1": "h2", "h5": "h4", "h6": "h4"}
KEPT = 1024  # texts whose HTML is remembered; a text that grew takes the place of what it was
LINES_KEPT = 2_000  # characters of one whose reading is remembered
# More in one block is no prose; it is cut, or shown as it is.
BLOCK_LINES, BLOCK_CHARACTERS, BLOCK_MARKS = 1_000, 32_000, 3_000
TABLE_COLUMNS = 100
MARKS = "[]*_`|<&\\!"

_CITATION = re.compile(r"\[(c\d{1,4}(?:\s{0,4}[,;]\s{0,4}c\d{1,4}){0,40})\](?!\()")
_ID = re.compile(r"c\d{1,4}")
_CARD = re.compile(r"#source-c\d{1,4}")
_BREAK = re.compile(r"\r\n|\n|\r(?!\Z)")  # the last CR may be half of a CR LF

Ids = frozenset[str]
NO_IDS: Ids = frozenset()


@dataclass(frozen=True, slots=True)
class Rendering:
    """`text` as HTML: `closed` stands for its first `settled` characters and only grows."""

    text: str = ""
    settled: int = 0
    closed: str = ""
    tail: str = ""

    @property
    def html(self) -> str:
        return self.closed + self.tail


def render(text: str, ids: Ids = NO_IDS) -> Rendering:
    return rendered.get(text, ids)


def whole(text: str, ids: Ids = NO_IDS) -> str:
    """The HTML of a finished text."""
    return render(text, ids).html


def extend(before: Rendering, text: str, ids: Ids = NO_IDS) -> Rendering:
    """The rendering of a text that begins with `before.text`, without beginning anew."""
    *blocks, (start, end) = _blocks_of(text, before.settled)
    closed = [_html(text[begin:until], ids) for begin, until in blocks]
    return Rendering(text, start, before.closed + "".join(closed), _html(text[start:end], ids))


class Rendered:
    """Remembers the renderings of texts that grow, so that each addition costs its tail only."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = Lock()
        self._found: OrderedDict[tuple[str, Ids], Rendering] = OrderedDict()

    def get(self, text: str, ids: Ids = NO_IDS) -> Rendering:
        with self._lock:
            found = self._found.get((text, ids))
        return found or self._keep(extend(Rendering(), text, ids), ids)

    def grown(self, old: str, text: str, ids: Ids = NO_IDS) -> tuple[Rendering, Rendering]:
        """The renderings of `old`, and of `text`, which begins with it."""
        before = self.get(old, ids)
        now = self._keep(extend(before, text, ids), ids)
        with self._lock:
            if old != text:
                self._found.pop((old, ids), None)
        return before, now

    def _keep(self, made: Rendering, ids: Ids) -> Rendering:
        with self._lock:
            self._found[made.text, ids] = made
            self._found.move_to_end((made.text, ids))
            if len(self._found) > self._kept:
                self._found.popitem(last=False)
        return made


rendered = Rendered()


def _blocks_of(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where top-level blocks begin and end, by the lines that have ended. The last is the tail."""
    start = _unblank(text, start)
    while len(lines := _window(text, start)) > 1:
        cuts = _cuts(text[start : lines[-1]], len(lines) - 1)
        if not cuts and not _is_full(lines):
            break
        for number in cuts or [len(lines) - 1]:
            yield start, lines[number]
            start = _unblank(text, lines[number])
    yield start, len(text)


def _unblank(text: str, start: int) -> int:
    """Behind the blank lines that have ended."""
    while (ended := _BREAK.search(text, start)) and not text[start : ended.start()].strip(" \t"):
        start = ended.end()
    return start


def _window(text: str, start: int) -> list[int]:
    """Where lines begin, from `start` to behind the last that has ended or fits in a block."""
    lines = [start]
    for found in _BREAK.finditer(text, start):
        lines.append(found.end())
        if _is_full(lines):
            break
    return lines


def _is_full(lines: Sequence[int]) -> bool:
    """No block is longer: a parser's time grows with the square of some."""
    return len(lines) > BLOCK_LINES or lines[-1] - lines[0] >= BLOCK_CHARACTERS


def _cuts(text: str, count: int) -> list[int]:
    """Before which of the text's `count` lines a block is closed; `count`: the last one is, too."""
    found = [token for token in _blocks.parse(text) if token.level == 0 and token.map]
    cuts = [token.map[0] for token in found[1:] if token.map]
    if found and _is_closed(found[-1], count):
        cuts.append(count)
    return cuts


def _is_closed(block: Token, lines: int) -> bool:
    """Whether nothing can be added to it, though nothing follows yet."""
    after_blank = block.type == "paragraph_open" and (block.map or [0, lines])[1] < lines
    return after_blank or block.type in ("heading_open", "hr")


def _html(text: str, ids: Ids) -> str:
    if sum(map(text.count, MARKS)) > BLOCK_MARKS:
        plain = escape(normalized(text).rstrip(" \t\n"), quote=False)
        return f"<pre><code>{plain}\n</code></pre>\n"
    tokens = _tamed(_blocks.parse(text), ids)
    made = _full.renderer.render(tokens, _full.options, {})
    return nh3.clean(
        made,
        tags=set(TAGS),
        clean_content_tags=set(),
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        link_rel="nofollow ugc noopener",
        url_schemes=set(SCHEMES),
    )


def normalized(text: str) -> str:
    """As any parser takes it."""
    return re.sub(r"\r\n?", "\n", text).replace("\0", "\ufffd")


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The second lock: no address but those of our schemes and our own cards."""
    if name == "rel":
        return value  # the sanitiser's own
    if name == "start":
        return value if value.isascii() and value.isdigit() else None
    return value if _CARD.fullmatch(value) or allowed(value) else None


def _tamed(tokens: Sequence[Token], ids: Ids) -> Sequence[Token]:
    """Of a text in blocks. What stands in them is read here: of a list that grows all but the last
    item were read before, and that is most of the work."""
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
        if token.type == "inline":
            read = _inline if len(token.content) <= LINES_KEPT else _inline.__wrapped__
            token.children = [Token("html_inline", "", 0, content=read(token.content, ids))]
    return tokens


@lru_cache(maxsize=KEPT)
def _inline(text: str, ids: Ids) -> str:
    (token,) = _full.parseInline(text, {"ids": ids})
    token.children = hosted(token.children or [])
    return str(_full.renderer.render([token], _full.options, {}))


def _cite(state: Any, silent: bool) -> bool:
    """An inline rule, before that of links: [c3] or [c3, c7]."""
    if state.src[state.pos] != "[":
        return False
    found = _CITATION.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        _push_citation(state, found[0], state.env.get("ids", ()))
    state.pos = found.end()
    return True


def _push_citation(state: Any, group: str, ids: Collection[str]) -> None:
    at = 0
    for found in _ID.finditer(group):
        state.push("text", "", 0).content = group[at : found.start()]
        at = found.end()
        allotted = found[0] in ids
        if allotted:
            state.push("cite_open", "a", 1).attrs = {"href": f"#source-{found[0]}"}
        state.push("text", "", 0).content = found[0]
        if allotted:
            state.push("cite_close", "a", -1)
    state.push("text", "", 0).content = group[at:]


def _table(state: Any, start: int, end: int, silent: bool) -> bool:
    """A parser fills up the missing cells of each row: columns must be few."""
    columns = state.getLines(start, start + 1, 0, False).count("|")
    return columns <= TABLE_COLUMNS and bool(table(state, start, end, silent))


def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    made.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    made.disable("reference")
    made.validateLink = allowed  # type: ignore[method-assign]
    made.inline.ruler.before("link", "cite", _cite)
    return made


_full = _parser()
_blocks = _parser()
_blocks.core.ruler.disable("inline")
