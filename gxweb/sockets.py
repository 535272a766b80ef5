"""uvicorn's sockets with one more rule: a peer that takes nothing more is dropped.

Closing waits until all that was written has been taken. A peer that stands still never takes it,
and would keep its connection, and what waits to be sent on it, for as long as it likes.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# After the last that we do about a connection. What is well is gone long before.
LINGER_S = 1.0


class Socket(WebSocketsSansIOProtocol):
    drop_timer: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        await super().run_asgi()
        # With a goodbye said, uvicorn gives the peer some time to answer it.
        answered = 0.0 if self.close_timer is None else self.close_timeout
        self.drop_timer = self.loop.call_later(answered + LINGER_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.drop_timer is not None:
            self.drop_timer.cancel()
        super().connection_lost(exc)
