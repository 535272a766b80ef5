"""A small shop's site, with a fact on each page."""

from __future__ import annotations

from typing import Any

from tests.fakes.site import Site, page

WORDS = [
    "amber", "basil", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "jetty",
    "knoll", "lagoon", "meadow", "north", "orchard", "prairie", "quarry", "ridge", "summit",
    "tundra", "upland", "valley", "willow", "xylem", "yarrow", "zephyr",
]  # fmt: skip


def tale(name: str) -> list[str]:
    """Paragraphs that no other page has."""
    seed = sum(map(ord, name))
    picked = [WORDS[(seed * (n + 3) + n * n) % len(WORDS)] for n in range(40)]
    return [
        f"The {name} room of the salt house was opened in {1900 + seed % 90} by the family.",
        f"Visitors of the {name} room see " + ", ".join(picked[:20]) + " and a great deal more.",
        f"In the {name} room the guide speaks about " + ", ".join(picked[20:]) + " every day.",
    ]


def shop(*names: str, **pages: Any) -> Site:
    """`/` leads to `/<name>` for each name; all of them to each other."""
    links = {f"/{name}": name.title() for name in names}
    made: dict[str, Any] = {"/": page("Salt House", *tale("hall"), links=links)}
    made |= {f"/{name}": page(name.title(), *tale(name), links=links) for name in names}
    return Site({**made, **pages})
