"""Which addresses are one page, which are of one site, and which lead into a trap.

`Place.key` is equal for all forms of one page: case and default ports, http and https, www, index
files, slashes at the end, tracking and session parameters, the order of parameters. What is fetched
is the address as it was first seen, without its fragment, tracking and session.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tld import get_fld

from workflows.fetch import Refused, target
from workflows.wire.reach import Reach

LONGEST = 1024
DEEPEST = 10  # parts of a path
MOST_PARAMETERS = 4
_TRACKING = re.compile(
    r"utm_\w+|gclid|fbclid|msclkid|dclid|yclid|igshid|mc_[ce]id|_ga|_gl|_hs\w+|pk_\w+|ref_?src"
    r"|phpsessid|jsessionid|sid|sessionid|session_id|s_?id|aspsessionid\w*|cfid|cftoken",
    re.IGNORECASE,
)
_SESSION = re.compile(r";jsessionid=[^/?]*", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_DATED = re.compile(
    r"/(?:19|20)\d\d(?:[/-]\d{1,2}){0,2}/?$|(?:^|[/?,=_-])(?:date|day|month|year|week|calendar)\b",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"\.(?:pdf|jpe?g|png|gif|svg|webp|avif|ico|css|m?js|json|zip|gz|tgz|bz2|xz|tar|rar|7z|exe|dmg"
    r"|deb|rpm|iso|mp[34]|m4[av]|ogg|web[mp]|avi|mov|wav|docx?|xlsx?|pptx?|od[tsp]|epub|woff2?|ttf"
    r"|eot|rss|atom|bin|apk|msi|ics|sig|asc)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One page's address. `pattern`: the same for pages that only numbers tell apart."""

    url: str
    key: str
    host: str  # as in a Host line
    path: str
    pattern: str
    parameters: int

    @property
    def depth(self) -> int:
        return sum(1 for part in self.path.split("/") if part)

    @property
    def is_file(self) -> bool:
        """By its name it is no page of text."""
        return _FILES.search(self.path) is not None

    @property
    def numbered(self) -> bool:
        return "#" in self.pattern

    @property
    def dated(self) -> bool:
        """It looks like a day, a month or a year of a calendar."""
        asked = f"?{self.pattern.partition('?')[2]}"
        return self.numbered and any(_DATED.search(part) for part in (self.path, asked))

    @property
    def unbounded(self) -> bool:
        """Deeper, longer or with more parameters than pages for people are; or round in circles."""
        parts = [part for part in self.path.split("/") if part]
        circles = any(parts.count(part) > 2 for part in parts)
        many = self.parameters > MOST_PARAMETERS
        return len(self.url) > LONGEST or len(parts) > DEEPEST or many or circles


def place_of(url: str, allow: tuple[Reach, ...] = ()) -> Place:
    """Raises Refused, as the guarded fetch does."""
    found = target(url, allow)
    path, _, query = _SESSION.sub("", found.path).partition("?")
    kept = [(name, value) for name, value in _pairs(query) if not _TRACKING.fullmatch(name)]
    said = query if len(kept) == len(_pairs(query)) else urlencode(kept)
    clean = f"{found.scheme}://{found.authority}{path}{'?' + said if said else ''}"
    plain = quote(unquote(_INDEX.sub("/", path)).rstrip("/"), safe="/")
    names = ",".join(sorted({name for name, _ in kept}))
    key = f"{_bare(found.host)}:{_port(found.port)}{plain}"
    key += f"?{urlencode(sorted(kept))}" if kept else ""
    pattern = _NUMBER.sub("#", plain) + (f"?{names}#" if names else "")
    return Place(clean, key, found.authority, path, pattern, len(kept))


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return [(f"many{n}", "") for n in range(MOST_PARAMETERS + 1)]


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _port(port: int) -> str:
    """http and https are one site."""
    return "" if port in (80, 443) else str(port)


@dataclass(frozen=True, slots=True)
class Site:
    """What may be read for one address: its host, and others of its registrable domain."""

    domain: str  # empty: the host stands alone, as addresses and local names do
    host: str

    @classmethod
    def of(cls, home: Place) -> Site:
        name = urlsplit(home.url).hostname or ""
        found = get_fld(name, fix_protocol=True, fail_silently=True, search_private=True)
        return cls(found or "", home.host)

    def holds(self, place: Place) -> bool:
        if place.host == self.host:
            return True
        parts = urlsplit(place.url)
        name = parts.hostname or ""
        public = parts.port in (None, 80, 443)
        within = name == self.domain or name.endswith(f".{self.domain}")
        return bool(self.domain) and public and within

    def is_main(self, place: Place) -> bool:
        return _bare(place.host) == _bare(self.host)


def given(url: str) -> str:
    """What a person typed, as an address: acme.com becomes https. Raises Refused."""
    typed = url.strip()
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d)", typed) and not typed.startswith("/"):
        typed = f"https://{typed}"
    if not typed:
        raise Refused("invalid_input", "That is not a web address.")
    return typed
