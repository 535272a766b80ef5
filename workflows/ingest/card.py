"""What a home page says of itself, as a card: no model is asked for it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workflows.catalog.site import CardLink, SiteCard
from workflows.fetch import Page

LINKS = 12


def card_of(page: Page) -> dict[str, Any]:
    links = tuple(CardLink(link.text, link.url) for link in page.links if link.nav and link.text)
    made = SiteCard(
        url=page.url,
        title=page.title,
        description=page.description,
        site_name=page.site_name,
        language=page.language,
        icon=page.icon,
        image=page.image,
        colours=page.colours,
        links=links[:LINKS],
        about=page.about,
    )
    return asdict(made)
