"""A proxy that is left leaves nothing open, whatever it was about to do."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from collections.abc import Callable

import pytest

from tests.fakes.proxy import proxied
from tests.fakes.site import Site, serving


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def closed(sockets: list[socket.socket]) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()  # what nobody closed would be told of here
    ends = [_end(each) for each in sockets]
    return ends == [b""] * len(sockets)


def _end(each: socket.socket) -> bytes:
    with each:
        try:
            return each.recv(1)
        except ConnectionResetError:
            return b""


async def _nothing() -> None:
    """The connections are not even accepted."""


async def _once() -> None:
    await asyncio.sleep(0)


async def _soon() -> None:
    await asyncio.sleep(0.005)


@pytest.mark.parametrize("meanwhile", [_nothing, _once, _soon])
def test_a_proxy_closes_what_it_accepted(meanwhile: Callable[[], asyncio.Future[None]]) -> None:
    silent = socket.create_server(("127.0.0.1", 0), backlog=64)

    async def used() -> list[socket.socket]:
        async with proxied(silent.getsockname()[1]) as proxy:
            found = [connected(proxy.port) for _ in range(20)]
            await meanwhile()
        return found

    with silent:
        assert closed(asyncio.run(used()))


def test_a_site_closes_what_it_accepted() -> None:
    with serving(Site(slow_s=60)) as site:
        found = [connected(site.port) for _ in range(20)]
    assert closed(found)
