"""How a process leaves its runs: nothing new begins, open calls may reach their span's end for a
short grace, then every run is due now and another worker goes on at its next span."""

from __future__ import annotations

import asyncio
import logging

from workflows.engine.execute import LAST_WORDS_S, Executor

logger = logging.getLogger(__name__)


async def drain(executor: Executor, grace_s: float) -> None:
    """Returns when no run is held here any more, or nothing more can be done about it."""
    executor.drain()
    logger.info("Draining: %d runs are under way", len(executor.held))
    await _leave(executor, grace_s)
    await executor.settle()


async def _leave(executor: Executor, grace_s: float) -> None:
    if await _idle(executor, grace_s):
        return
    executor.hand_over()
    # The last words and the lease of each run take this long at most.
    if not await _idle(executor, 2 * LAST_WORDS_S + 1):
        logger.warning("%d runs are left to their leases", len(executor.held))


async def _idle(executor: Executor, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await executor.idle.wait()
    except TimeoutError:
        return False
    return True
