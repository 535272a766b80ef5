"""Who a site is: what a model says of it, as far as it can be used, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from workflows.catalog.site import FieldSource, ProfileField, SiteProfile, Suggestion
from workflows.engine import publish
from workflows.fetch import Page
from workflows.ingest.forms import Portrait, Said, SaidList
from workflows.ingest.quotes import SHORTEST, Words, folded

NAME, LINE, TOPIC, QUOTE = 120, 300, 80, 400
MOST, POSTS = 8, 3
FIELDS = ("name", "description", "audience", "tone", "topics", "products", "language")


@dataclass(frozen=True)
class Sitter:
    """`words`: those of each page that was read, by its address, the home page first."""

    home: Page
    words: Mapping[str, Words]

    @classmethod
    def of(cls, home: Page, others: Sequence[Page] = ()) -> Sitter:
        pages = (home, *others)
        return cls(home, {page.url: Words.of(page.text, page.loose) for page in pages})

    def where(self, quote: str) -> str:
        """The page on which it stands; empty: none."""
        if not SHORTEST <= len(quote) <= QUOTE:
            return ""
        return next((url for url, words in self.words.items() if words.hold(quote)), "")


@dataclass(frozen=True)
class Profile:
    fields: Mapping[str, ProfileField]
    suggestions: tuple[Suggestion, ...] = ()
    picked: tuple[int, ...] = ()

    def show(self) -> None:
        publish("profile", {name: asdict(one) for name, one in self.fields.items()})
        publish("suggestions", [asdict(one) for one in self.suggestions])

    def site(self, url: str) -> SiteProfile:
        said: dict[str, Any] = {name: self.fields[name].value for name in FIELDS}
        sources = tuple(
            FieldSource(name, one.quote, one.url) for name, one in self.fields.items() if one.quote
        )
        return SiteProfile(url=url, suggestions=self.suggestions, sources=sources, **said)


def of_page(home: Page, host: str) -> Profile:
    """From what the home page says of itself, without a model."""
    name = home.site_name or home.title or host
    lines = {"name": name[:NAME], "description": home.description[:LINE]}
    values: dict[str, str | tuple[str, ...]] = {
        **lines, "audience": "", "tone": "", "topics": (), "products": (),
        "language": home.language,
    }  # fmt: skip
    return Profile({key: ProfileField(value, "", home.url) for key, value in values.items()})


def drawn(portrait: Portrait, sitter: Sitter, before: Profile) -> Profile:
    """What is empty stays as it was before."""
    found = {
        "name": _line(portrait.name, NAME, sitter),
        "description": _line(portrait.description, LINE, sitter),
        "audience": _line(portrait.audience, LINE, sitter),
        "tone": _line(portrait.tone, LINE, sitter),
        "topics": _list(portrait.topics, sitter),
        "products": _list(portrait.products, sitter),
    }
    fields = {key: found[key] if key in found and found[key].value else old
              for key, old in before.fields.items()}  # fmt: skip
    ideas = tuple(
        Suggestion(folded(one.topic)[:LINE], folded(one.why)[:LINE])
        for one in portrait.posts[:POSTS]
        if one.topic.strip()
    )
    return replace(
        before,
        fields=fields,
        suggestions=ideas or before.suggestions,
        picked=tuple(dict.fromkeys(portrait.pages[:100])),
    )


def _line(said: Said, most: int, sitter: Sitter) -> ProfileField:
    return _field(folded(said.value)[:most], said.quote, sitter)


def _list(said: SaidList, sitter: Sitter) -> ProfileField:
    values = (folded(value)[:TOPIC] for value in said.value)
    return _field(tuple(dict.fromkeys(filter(None, values)))[:MOST], said.quote, sitter)


def _field(value: str | tuple[str, ...], quote: str, sitter: Sitter) -> ProfileField:
    """A quote that stands on no page is left out, and the page with it."""
    quote = folded(quote)
    where = sitter.where(quote)
    return ProfileField(value, quote if where else "", where or sitter.home.url)
