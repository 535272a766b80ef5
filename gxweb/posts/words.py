"""A post's Markdown, read: how many words it has, its sections, and the ids that it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

_GROUP = re.compile(r"[ \t]{0,8}\[c\d{1,4}(?:\s{0,4}[,;]\s{0,4}c\d{1,4}){0,40}\]")
_ID = re.compile(r"c\d{1,4}")
_MARKS = re.compile(r"[#>*_`|~=+-]+")
# A script without spaces: every character of it counts as half a word.
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_outer = MarkdownIt("commonmark", {"html": False}).disable("reference")
_outer.core.ruler.disable("inline")


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    markdown: str


def count(markdown: str) -> int:
    """The words that a reader reads: no marks, no citations."""
    text = _GROUP.sub("", markdown)
    said = [word for word in text.split() if not _MARKS.fullmatch(word)]
    return len(said) + len(_WIDE.findall(text)) // 2


def cited(markdown: str) -> set[str]:
    return {id for group in _GROUP.findall(markdown) for id in _ID.findall(group)}


def body(markdown: str, title: str) -> str:
    """Without its first heading, where that is the title: a page shows the title itself."""
    first, _, rest = markdown.lstrip().partition("\n")
    return rest if first.strip() == f"# {title.strip()}" else markdown


def sections(markdown: str) -> list[Section]:
    """The text, cut before each heading of the second level; what stands before the first has
    none."""
    lines = re.split(r"(?<=\n)", markdown.replace("\r\n", "\n").replace("\r", "\n"))
    heads = list(_headings("".join(lines)))
    cuts = [*(start for start, _, _ in heads), len(lines)]
    before = "".join(lines[: cuts[0]])
    found = [Section("", before)] if before.strip() else []
    for (_, end, heading), until in zip(heads, cuts[1:], strict=True):
        found.append(Section(heading, "".join(lines[end:until])))
    return found


def _headings(markdown: str) -> Iterator[tuple[int, int, str]]:
    """First line, line after, and words of each heading that is not inside something else."""
    tokens = _outer.parse(markdown)
    for number, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0 and token.map:
            yield token.map[0], token.map[1], tokens[number + 1].content
