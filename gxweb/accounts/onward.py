"""Where one wanted to go, and the address typed on the first page, carried through signing up."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Onward:
    """`next`: a place on this site, or nothing. `url`: what was typed, unchecked."""

    next: str = ""
    url: str = ""

    @property
    def target(self) -> str:
        place = self.next or "/"
        if not self.url:
            return place
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode({'url': self.url})}"

    @property
    def query(self) -> str:
        """For a link to another of these pages."""
        kept = {name: value for name, value in (("next", self.next), ("url", self.url)) if value}
        return f"?{urlencode(kept)}" if kept else ""


def onward(request: HttpRequest) -> Onward:
    given = request.POST if request.method == "POST" else request.GET
    place = given.get("next", "")[:LONGEST]
    ours = url_has_allowed_host_and_scheme(
        place, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return Onward(place if ours else "", given.get("url", "").strip()[:LONGEST])
