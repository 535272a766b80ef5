"""What a post is written from when it has a site: its profile, and the facts of its pages that have
to do with the topic, by value, so that the post does not change when the site does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from gxweb import offers
from gxweb.offers import Offer, Person
from gxweb.sites import results
from gxweb.sites.page import TOLD, USABLE, Page
from gxweb.sites.profile import LISTS, Field
from gxweb.sites.shown import told
from gxweb.sites.site import Site
from runs import lifecycle

MOST_OFFERED = 100
MOST_PASTED = 60_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,20}(-[A-Za-z0-9]{2,8}){0,3}")
_WORD = re.compile(r"\w{4,40}")


def listen() -> None:
    lifecycle.preparers["blog"] = prepare
    offers.finders.append(find)


def find(user: Person) -> list[Offer]:
    sites = Site.objects.visible_to(user).listed()[:MOST_OFFERED]
    return [Offer(site.pk, site.title) for site in sites]


def prepare(owner: AbstractBaseUser, given: dict[str, Any]) -> dict[str, Any]:
    """Raises Invalid when the site is not the owner's, as when there is none."""
    wanted = given.get("site_id")
    if not wanted:
        return {**given, "site": None}
    if (given.get("site") or {}).get("id") == wanted:
        return given  # another run goes on with it: what it has finished was made of this
    site = _site(owner, wanted)
    if site.run is not None:
        results.absorb(results.draft(site.run))
    fields = {field.name: field for field in site.fields.all()}
    about = f"{given['topic']} {given['notes'][:2000]}"
    return {**given, **_defaults(given, fields), "site": _digest(site, fields, about)}


def _defaults(given: dict[str, Any], fields: dict[str, Field]) -> dict[str, str]:
    """What a person has said of the site goes where they would say it of a post. What was found is
    left in the site's material: pages have a say in it, and they are not to be obeyed."""
    said = {name: told(field.value) for name, field in fields.items() if field.edited}
    found = {name: said.get(name, "")[:300] for name in ("audience", "tone")}
    language = fields.get("language")
    if language is not None and _LANGUAGE.fullmatch(told(language.value)):
        found["language"] = told(language.value)
    return {name: value for name, value in found.items() if not given.get(name)}


def _site(owner: AbstractBaseUser, wanted: str) -> Site:
    unknown = [{"type": "unknown", "loc": ("site_id",), "msg": "There is no such site of yours."}]
    try:
        return Site.objects.select_related("run").get(owner=owner.pk, pk=UUID(wanted))
    except (Site.DoesNotExist, ValueError):
        raise lifecycle.Invalid(unknown) from None


def _digest(site: Site, fields: dict[str, Field], about: str) -> dict[str, Any]:
    said = {name: told(field.value) for name, field in fields.items()}
    lists = [f"{name.capitalize()}: {said[name]}." for name in LISTS if said.get(name)]
    return {
        "id": str(site.pk),
        "name": site.title[:300],
        "about": " ".join(filter(None, [said.get("description"), *lists]))[:2000],
        "audience": said.get("audience", "")[:300],
        "tone": said.get("tone", "")[:300],
        "pages": list(_pages(site, about)),
    }


def _pages(site: Site, about: str) -> Iterator[dict[str, Any]]:
    """Those that have most to do with it first, as many as fit."""
    found = site.pages.filter(status__in=USABLE).prefetch_related("facts")
    wanted, room = _words(about), offers.READ
    for page in sorted(found, key=lambda page: _rank(page, wanted)):
        quotes = list(_fitting(_quotes(page), MOST_PASTED if page.status == TOLD else room))
        if quotes:
            room -= sum(map(len, quotes))
            yield {"url": page.url, "title": page.title[:300], "quotes": quotes}


def _rank(page: Page, wanted: set[str]) -> tuple[bool, int, int]:
    says = [page.title, page.summary, *(fact.quote for fact in page.facts.all())]
    shared = len(wanted & _words(" ".join(says)))
    return page.status != TOLD, -shared, page.number


def _quotes(page: Page) -> list[str]:
    if page.status == TOLD:
        return [part for part in re.split(r"\n\s*\n", page.text) if part.strip()]
    return [fact.quote for fact in page.facts.all()]


def _fitting(quotes: Iterable[str], room: int) -> Iterator[str]:
    for quote in quotes:
        room -= len(quote)
        if room < 0:
            return
        yield quote


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
