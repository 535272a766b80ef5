"""The profile of a site as a page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gxweb.sites.page import USABLE
from gxweb.sites.profile import LABELS, LISTS, Field, Proposal, Value
from gxweb.sites.site import Site


@dataclass(frozen=True, slots=True)
class Shown:
    """One field, filled or not, and what a reading proposes for it."""

    name: str
    field: Field | None = None
    proposal: Proposal | None = None

    @property
    def label(self) -> str:
        return LABELS[self.name]

    @property
    def text(self) -> str:
        return told(self.field.value) if self.field is not None else ""

    @property
    def before(self) -> str:
        return told(self.field.before) if self.field is not None and self.field.before else ""

    @property
    def proposed(self) -> str:
        return told(self.proposal.value) if self.proposal is not None else ""

    @property
    def is_list(self) -> bool:
        return self.name in LISTS


def told(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value))


def profile(site: Site) -> dict[str, Any]:
    shown = fields(site)
    return {
        "site": site,
        "fields": shown,
        "known": any(one.text for one in shown) or site.pages.filter(status__in=USABLE).exists(),
        "suggestions": list(site.suggestions.all()[:3]),
    }


def fields(site: Site) -> list[Shown]:
    there = {field.name: field for field in site.fields.all()}
    proposed = {one.name: one for one in site.proposals.filter(dismissed=False)}
    return [Shown(name, there.get(name), proposed.get(name)) for name in LABELS]
