"""A site as material of a post: passages of its pages, each of which can be cited."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.blog.notes import Origin
from workflows.catalog.material import SiteMaterial


def passages(site: SiteMaterial | None) -> Iterator[tuple[Origin | None, str]]:
    """The passages of each page, a paragraph each. A page without an address is the author's own
    words, as notes are."""
    for page in site.pages if site is not None else ():
        origin = Origin(page.url, page.title) if page.url else None
        yield origin, "\n\n".join(page.quotes)
