"""A nudge: whoever opens an attempt says so, and an older owner stops at once. It is not relied on:
the next append and the next beat of the heart say the same, a second later."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from typing import Any

from redis.exceptions import RedisError

from workflows.engine.errors import LeaseLost
from workflows.engine.execute import Executor
from workflows.wire import keys
from workflows.wire.clients import connect_blocking

PAUSE_S = 0.5

logger = logging.getLogger(__name__)


async def listen(url: str, executor: Executor) -> None:
    """Until it is cancelled; through every loss of the connection."""
    task = asyncio.current_task()
    # redis-py sends through asyncio.wait_for, which in Python 3.11 may swallow a cancel.
    while task is None or not task.cancelling():
        try:
            await _listen(url, executor)
        except (RedisError, OSError) as error:
            logger.info("Not listening to the fence: %r", error)
        await asyncio.sleep(PAUSE_S)


async def _listen(url: str, executor: Executor) -> None:
    async with connect_blocking(url, math.inf) as client, client.pubsub() as heard:
        await heard.subscribe(keys.FENCE)
        async for message in heard.listen():
            hear(executor, message)


def hear(executor: Executor, message: dict[str, Any]) -> None:
    """Stop what is older than the attempt in the message, or look what came for the run; anything
    else is not for us."""
    if message["type"] != "message":
        return
    run, _, attempt = message["data"].decode("utf-8", "replace").partition(" ")
    if attempt == "inbox":
        executor.nudge(run)
    if re.fullmatch("[0-9]{1,18}", attempt):
        executor.lose(run, int(attempt) - 1, LeaseLost("a newer attempt was opened"))
