"""What a host allows: its robots.txt, read as RFC 9309 says.

Found: its rules hold. 4xx: nothing is forbidden. 5xx, 429, no answer: everything is, since nobody
knows. Of a long file the first 500 KB count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from protego import Protego

from workflows.fetch import Fetched

AGENT = "gxweb"
MOST = 500 * 1024
LONGEST_DELAY_S = 30.0


@dataclass(frozen=True)
class Rules:
    """`closed`: a sentence; then nothing may be read, and `code` says whether because of that file
    or because the host cannot be reached at all."""

    text: str = ""
    closed: str = ""
    code: str = "robots_denied"

    @cached_property
    def _parsed(self) -> Protego:
        return Protego.parse(self.text)

    def allows(self, url: str) -> bool:
        return not self.closed and bool(self._parsed.can_fetch(url, AGENT))

    @property
    def delay_s(self) -> float:
        """Between two requests, as the host wants it; no more than we are ready to wait."""
        said = self._parsed.crawl_delay(AGENT) or 0.0
        rate = self._parsed.request_rate(AGENT)
        paced = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return min(max(float(said), float(paced), 0.0), LONGEST_DELAY_S)

    @property
    def sitemaps(self) -> list[str]:
        return list(dict.fromkeys(self._parsed.sitemaps))[:20]


def rules_of(answer: Fetched) -> Rules:
    if answer.status >= 500 or answer.status == 429:
        return unknown(f"its server says {answer.status}")
    if answer.status >= 400:
        return Rules()
    return Rules(answer.body[:MOST].decode("utf-8", "replace").lstrip("\ufeff").replace("\x00", ""))


def unknown(why: str, code: str = "") -> Rules:
    """`code`: what the guarded fetch refused it for, if there was no answer at all."""
    if code:
        return Rules(closed=why, code=code)
    return Rules(closed=f"Its robots.txt cannot be read just now: {why}. So no page of it may be.")
