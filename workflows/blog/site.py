"""A site as material of a post: passages of its pages, each of which can be cited."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.blog.notes import Origin
from workflows.catalog.material import SiteMaterial


def passages(site: SiteMaterial | None) -> Iterator[tuple[Origin | None, str]]:
    """The passages of each page, each a source by itself: they do not follow each other there. A
    page without an address is the author's own words, whole, as notes are."""
    for page in site.pages if site is not None else ():
        if page.url:
            yield from ((Origin(page.url, page.title), quote) for quote in page.quotes)
        else:
            yield None, "\n\n".join(page.quotes)
