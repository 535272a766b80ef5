"""What each step asks of a model. Whatever a page says is a source, and goes behind the fence."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.catalog.site import ReadPage
from workflows.fetch import Page
from workflows.ingest.question import Question

HOME_CHARACTERS = 12_000
NOTES_CHARACTERS = 4_000
DIGEST_CHARACTERS = 20_000
FACTS = 8
TONES = "plain; friendly; formal; lively"

_READER = "You read websites for an editor. Answer with JSON only."
_FIELDS = (
    "`name` of whoever the site is of, `description` in one sentence, `audience`, `tone`, up to "
    "eight `topics`, up to eight `products` or services (none, if there are none). Each has a "
    "`value` and a `quote`: a sentence that shows it, copied letter by letter from the source, or "
    "an empty text. `posts` are three blog posts that would serve the site's readers: `topic` and "
    "in one sentence `why`."
)


def portrait(
    page: Page, host: str, offered: Sequence[tuple[str, str]], notes: str, wanted: int
) -> Question:
    """`offered`: text and address of pages that could be read, by their numbers from 1."""
    instructions = (
        f"{_READER} Describe the site whose home page you are given: {_FIELDS} `pages` are the "
        f"numbers of up to {wanted} pages of the list that tell most about it, best first."
    )
    sheet = [f"title: {page.title}", f"site_name: {page.site_name}",
             f"description: {page.description}", "", "Pages that could be read:"]  # fmt: skip
    sheet += [f"[{n}] {text} {url}" for n, (text, url) in enumerate(offered, start=1)]
    sources = ["\n".join(sheet), page.text[:HOME_CHARACTERS]]
    if notes.strip():
        sources.append(f"The reader's own notes:\n\n{notes[:NOTES_CHARACTERS]}")
    facts = f"host: {host}\ntones: {TONES}\npages: {wanted}\nposts: 3\ntopics: 8\nproducts: 8"
    return Question("portrait", instructions, facts, tuple(sources))


def refined(page: Page, host: str, pages: Sequence[ReadPage]) -> Question:
    instructions = (
        f"{_READER} Describe this site anew, now that its pages have been read: {_FIELDS} `pages` "
        "is an empty list."
    )
    share = DIGEST_CHARACTERS // max(1, len(pages))
    told = "\n\n".join(_told(one)[:share] for one in pages)
    sheet = f"title: {page.title}\nsite_name: {page.site_name}\ndescription: {page.description}"
    facts = f"host: {host}\ntones: {TONES}\nposts: 3\ntopics: 8\nproducts: 8"
    return Question("portrait", instructions, facts, (sheet, told))


def _told(page: ReadPage) -> str:
    quotes = " ".join(fact.quote for fact in page.facts[:3])
    return f"{page.title}\n\n{page.summary}\n\n{quotes}"


def digest(title: str, chunk: str, part: int, parts: int) -> Question:
    instructions = (
        f"{_READER} `summary` tells in two sentences what this page says. `facts` are up to "
        f"{FACTS} things that it states and that a writer could use: numbers, names, how things "
        "work, what is offered. `claim` says it in your words; `quote` is the sentence that it "
        "stands on, copied letter by letter from the page, from one paragraph. State nothing that "
        "the page does not say."
    )
    facts = f"part: {part} of {parts}\nfacts: {FACTS}"
    return Question("digest", instructions, facts, (f"{title}\n\n{chunk}",))
