"""One parser for check and connection: a URL becomes a Target, or is refused.

Nothing else reads the URL again: the request and its Host line are made of the Target's parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, urljoin

import idna

from workflows.fetch.refusals import Refused, forbidden, not_an_address
from workflows.wire.reach import Address, Reach

LONGEST = 2048
PORTS = {"http": 80, "https": 443}
# Names that never lead to the public web (RFC 6761, 6762, 7686, 8375, 9476; ICANN's .internal).
_INSIDE = ("localhost", "local", "internal", "onion", "home.arpa", "alt", "invalid")
_SHAPE = re.compile(
    r"(https?)://([^/?#]+)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
# Controls, blanks, what turns text around, and what some parsers take for a slash.
_UNFIT = re.compile(r"[\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\\]")
_KEPT = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to go: `host` is an ASCII name or a canonical address, `path` begins with a slash and
    holds the query too. `literal`: the host, if it is an address."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """As the Host line says it."""
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target(url: str, allow: tuple[Reach, ...] = ()) -> Target:
    """Raises Refused: invalid_input when it is no web address, forbidden_address when it is one
    that nobody may make us read. The addresses behind a name are checked when they are known."""
    url = url.strip(" \t\r\n")
    shape = None if len(url) > LONGEST or _UNFIT.search(url) else _SHAPE.fullmatch(url)
    if shape is None:
        raise not_an_address()
    scheme, authority, path, query = shape.groups()
    scheme = scheme.lower()
    host, port = _split(authority, PORTS[scheme])
    literal = _literal(host)
    host = str(literal) if literal else _name(host)
    found = Target(scheme, host, port, _path(path, query), literal)
    _check(found, allow)
    return found


def origin(url: str) -> tuple[str, int] | None:
    """The host and port of an address of our own; None unless it is one."""
    parts = _SHAPE.fullmatch(url.strip())
    if parts is None:
        return None
    try:
        host, port = _split(parts[2], PORTS[parts[1].lower()])
        literal = _literal(host)
        return (str(literal) if literal else _name(host), port)
    except Refused:
        return None


def onward(here: Target, location: str, allow: tuple[Reach, ...] = ()) -> Target:
    """Where a redirect leads. Raises Refused."""
    there = target(urljoin(here.url, location.strip(" \t\r\n")), allow)
    if here.scheme == "https" and there.scheme == "http":
        raise forbidden("it leads from an encrypted page to one that is not")
    return there


def _split(authority: str, port: int) -> tuple[str, int]:
    if "@" in authority:
        raise forbidden("it holds a user's name")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise not_an_address()
    return parts[1], int(parts[2]) if parts[2] else port


def _literal(host: str) -> Address | None:
    """The host as an address, if it is meant as one: only the canonical form is taken."""
    if host.startswith("["):
        try:
            return IPv6Address(host[1:-1])
        except ValueError:
            raise not_an_address() from None
    name = _ascii(host)
    # As browsers decide (WHATWG URL): a name whose last part is a number is an IPv4 address.
    if not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", name.rpartition(".")[2]):
        return None
    try:
        return IPv4Address(name)
    except ValueError:
        raise not_an_address() from None


def _name(host: str) -> str:
    name = _ascii(host)
    if not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", name) or len(name) > 253:
        raise not_an_address()
    return name


def _ascii(host: str) -> str:
    """Normalised as a browser does it: full-width digits and dots are digits and dots then."""
    try:
        plain = idna.uts46_remap(host, std3_rules=False, transitional=False).lower()
        bare = plain.removesuffix(".")
        name = bare if bare.isascii() else idna.encode(bare, uts46=True).decode("ascii").lower()
        for label in name.split("."):
            if label.startswith("xn--"):
                idna.ulabel(label)  # what only looks encoded is refused
        return name
    except (idna.IDNAError, UnicodeError, ValueError):
        raise not_an_address() from None


def _path(path: str, query: str | None) -> str:
    said = quote(path or "/", safe=_KEPT)
    return said if query is None else f"{said}?{quote(query, safe=_KEPT + '?[]')}"


def _check(found: Target, allow: tuple[Reach, ...]) -> None:
    if any(reach.holds(found.host, found.port) for reach in allow):
        return
    if found.literal and any(reach.covers(found.literal, found.port) for reach in allow):
        return
    inside = any(found.host == name or found.host.endswith(f".{name}") for name in _INSIDE)
    if found.literal is None and (inside or "." not in found.host):
        raise forbidden("it is a name of an inner network")
    if found.port not in PORTS.values() and not any(reach.port == found.port for reach in allow):
        raise forbidden(f"port {found.port} is not one of web pages")
    if not 0 < found.port < 65536:
        raise not_an_address()


def parse_address(said: str) -> Address:
    """What a resolver answers. Raises ValueError, for one with a zone too."""
    return ip_address(said)
