"""The post put together from its finished sections."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from workflows.blog.citations import cited, without_citations
from workflows.blog.claims import Claim
from workflows.blog.forms import DESCRIPTION_CHARACTERS
from workflows.blog.notes import Notes, folded
from workflows.blog.words import count
from workflows.catalog import Post, Section, Source

SLUG_CHARACTERS = 60
NOTES_TITLE = "Your notes"

_HEADING = re.compile(r"\A\s*#{1,6}[ \t][^\n]*(?:\n+|\Z)")
_MARKS = re.compile(r"[*_`#>]+")
_SENTENCE = re.compile(r"[.!?。！？](?=\s|$)")


def post(
    title: str, sections: Sequence[Section], claims: Sequence[Claim], notes: Notes, summary: str
) -> Post:
    markdown = "\n\n".join([f"# {title}", *map(_told, sections)]) + "\n"
    return Post(
        title=title,
        slug=slug(title),
        description=summary,
        markdown=markdown,
        sections=tuple(sections),
        sources=sources(sections, claims, notes),
        words=count(markdown),
    )


def _told(section: Section) -> str:
    return f"## {section.heading}\n\n{section.markdown}"


def sources(
    sections: Sequence[Section], claims: Sequence[Claim], notes: Notes
) -> tuple[Source, ...]:
    """What the citations of the text lead to."""
    used = {id for section in sections for id in cited(section.markdown)}
    return tuple(source(claim, notes) for claim in claims if claim.id in used)


def source(claim: Claim, notes: Notes) -> Source:
    origin = notes.origin_of(claim.quote)
    if origin is None:
        return Source(claim.id, None, NOTES_TITLE, claim.quote)
    return Source(claim.id, origin.url, origin.title or origin.url, claim.quote)


def slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    kept = "-".join(words)
    if len(kept) > SLUG_CHARACTERS:
        head = kept[: SLUG_CHARACTERS + 1]
        kept = head.rpartition("-")[0] or kept[:SLUG_CHARACTERS]
    return kept or "post"


def tidied(markdown: str) -> str:
    """A section's text without a heading of its own: it has one already."""
    return _HEADING.sub("", markdown.strip(), count=1).strip()


def opening(sections: Sequence[str]) -> str:
    """A description made of the article's first sentence."""
    text = plain(next((section for section in sections if section.strip()), ""))
    end = _SENTENCE.search(text)
    return clipped(text[: end.end()] if end else text)


def plain(markdown: str) -> str:
    return folded(_MARKS.sub("", without_citations(markdown)))


def clipped(text: str, limit: int = DESCRIPTION_CHARACTERS) -> str:
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return (head[: head.rfind(" ")] if " " in head else head).rstrip(" ,;:") + "…"
