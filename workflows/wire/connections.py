"""A connection of redis-py from which a cancellation cannot be lost.

redis-py bounds a send by `asyncio.wait_for`, which in Python 3.11 answers a cancellation that comes
while the send ends with the send's own result (python/cpython#86296): the task goes on as if nobody
had cancelled it, and whoever waits for its end waits for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import TimeoutError as RedisTimeoutError


class Cancellable(AbstractConnection):
    """Bounds its sends by `asyncio.timeout`, in the task that sends."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        limit, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(limit) as clock:
                await super().send_packed_command(command, check_health)
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise RedisTimeoutError("Timeout writing to socket") from error
        finally:
            self.socket_timeout = limit


def cancellable(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    """The same kind of connection (TCP, TLS, Unix), cancellable."""
    return type(kind.__name__, (Cancellable, kind), {})
