"""Suspects, each in a process of its own: a run that crashed is not put beside the others again
until it has finished another span.

The worker's side: how many at once, and what is made of their ends.
"""

from __future__ import annotations

import asyncio
import logging
import signal

from workflows.compute.process import Nursery
from workflows.wire.orders import Order

AT_ONCE = 16  # processes of one worker
LOST_S = 5.0  # how long one that lost its run may take to notice

logger = logging.getLogger(__name__)


class Alone:
    """Carries suspects out. All of it runs in the loop's thread."""

    def __init__(self, nursery: Nursery, at_once: int = AT_ONCE) -> None:
        self._nursery = nursery
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._orders: dict[str, Order] = {}  # by run; those that wait for a slot, too
        self._draining = False

    def __len__(self) -> int:
        return len(self._orders)

    async def dies_of(self, order: Order) -> bool:
        """False also when there is no room: then the order is forgotten, and rung again later."""
        if order.run in self._orders or len(self._orders) >= 2 * self._at_once:
            logger.info("%s waits for a process of its own", order.run)
            return False
        self._orders[order.run] = order
        try:
            async with self._slots:
                code = None if self._draining else await self._nursery.carry_out(order)
        finally:
            del self._orders[order.run]
        if code:
            logger.warning("%s attempt %d ended its process: %d", order.run, order.attempt, code)
        return bool(code)

    def lose(self, run: str, attempt: int) -> None:
        """Its process hears so by itself, unless it hangs."""
        order = self._orders.get(run)
        if order is not None and order.attempt <= attempt:
            loop = asyncio.get_running_loop()
            loop.call_later(LOST_S, self._nursery.send_signal, order, signal.SIGKILL)

    def drain(self) -> None:
        self._draining = True
        for order in self._orders.values():
            self._nursery.send_signal(order, signal.SIGTERM)
