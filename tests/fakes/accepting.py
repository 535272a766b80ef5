"""Servers in a test's own process leave no connection behind: the collector would tell of it in the
midst of another test."""

from __future__ import annotations

import asyncio

# An accepted connection comes to its handler two turns of the loop later.
TURNS = 5


async def close(server: asyncio.Server) -> None:
    """Accept nothing more; afterwards whatever was accepted is known to its handler.

    Not by `close` at once: asyncio (3.11) forgets a connection that it accepted in the same turn,
    and nobody closes its socket.
    """
    for listening in server.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    await turns()
    server.close()


async def turns() -> None:
    """Long enough, too, for a transport that was aborted to close its socket."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
