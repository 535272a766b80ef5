"""Which addresses are public: our own list, since Python's `ipaddress` takes some for global that
lead back inside (6to4, NAT64, `::127.0.0.1`, site-local, multicast).

Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), and the metadata
services of cloud vendors that have an address of their own outside of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from workflows.wire.reach import Address

_CLOSED_V4 = tuple(
    IPv4Network(said)
    for said in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's host agent
    )
)  # fmt: skip
_OPEN_V6 = IPv6Network("2000::/3")  # global unicast; everything else is closed
_CLOSED_V6 = tuple(
    IPv6Network(said) for said in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")
)
# Forms that carry an IPv4 address, and how far from their end it stands, in bits.
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("::/96"), 0),  # compatible
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64 (RFC 6052)
    (IPv6Network("::ffff:0:0:0/96"), 0),  # SIIT (RFC 7915)
    (IPv6Network("2002::/16"), 80),  # 6to4
)
_TEREDO = IPv6Network("2001::/32")


def is_public(address: Address) -> bool:
    """Whether it, and every IPv4 address that it carries, leads to the public network."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    carried = list(_carried(address))
    if carried:
        return all(is_public(inner) for inner in carried)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    for network, shift in _CARRIERS:
        if address in network:
            yield IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
    if address in _TEREDO:  # the server, and the client behind it with its bits turned over
        yield IPv4Address((int(address) >> 64) & 0xFFFFFFFF)
        yield IPv4Address(~int(address) & 0xFFFFFFFF)
