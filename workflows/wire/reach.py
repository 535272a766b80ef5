"""Places that the guarded fetch may reach although they are private: what GX_FETCH_ALLOW says."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Reach:
    """One place: a host's name, or a network, at one port."""

    host: str
    port: int
    network: Network | None = None

    @classmethod
    def parse(cls, said: str) -> Reach:
        """`host:port`, `CIDR:port` or `[CIDR]:port`. Raises ValueError."""
        place, _, port = said.strip().rpartition(":")
        if not place or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{said.strip()[:60]!r} is not host:port, CIDR:port or [CIDR]:port")
        bare = place[1:-1] if place.startswith("[") and place.endswith("]") else place
        try:
            return cls("", int(port), ip_network(bare))
        except ValueError:
            if bare != place or "/" in bare or ":" in bare:
                raise ValueError(f"{place[:60]!r} is not a network") from None
        return cls(bare.lower().rstrip("."), int(port))

    def holds(self, host: str, port: int) -> bool:
        """Whether this is the name `host` at this port."""
        return self.network is None and (self.host, self.port) == (host, port)

    def covers(self, address: Address, port: int) -> bool:
        return self.port == port and self.network is not None and address in self.network


def parse_all(said: str) -> tuple[Reach, ...]:
    """A comma list. Raises ValueError."""
    return tuple(Reach.parse(one) for one in said.split(",") if one.strip())
