"""The store that all workers share: in Redis, a hash for each owner, so that it can be erased."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis

from workflows.engine.cache import KEPT
from workflows.wire import keys

ANSWER_S = 2.0
OWNER_BYTES = 64 * 1024 * 1024  # beyond it the values go first whose time is over soonest
HOLD = files("workflows.engine").joinpath("scripts", "hold.lua").read_text()


class RedisStore:
    """Raises RedisError and OSError, which a TimeoutError is."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._hold: Any = client.register_script(HOLD)
        self._clock = clock

    async def get(self, owner: str, key: str) -> bytes | None:
        pipe: Any = self._client.pipeline(transaction=False)
        pipe.hget(keys.cache(owner), key)
        pipe.zscore(keys.cached(owner), key)
        async with asyncio.timeout(ANSWER_S):
            value, until = await pipe.execute()
        fresh = value is not None and until is not None and until > self._clock()
        return value if fresh else None

    async def put(self, owner: str, key: str, value: bytes, ttl: float) -> None:
        values, untils, now = keys.cache(owner), keys.cached(owner), self._clock()
        async with asyncio.timeout(ANSWER_S):
            pipe: Any = self._client.pipeline(transaction=True)
            pipe.hset(values, key, value)
            pipe.zadd(untils, {key: now + ttl})
            pipe.zrangebyscore(untils, "-inf", now)
            pipe.zrange(untils, 0, -KEPT - 1)
            pipe.zrange(untils, -1, -1, withscores=True)
            pipe.memory_usage(values, samples=20)
            pipe.zrange(untils, 0, KEPT // 10)
            *_, old, many, [(_, last)], size, soonest = await pipe.execute()
            gone = {*old, *many, *(soonest if size > OWNER_BYTES else ())}
            await self._tidy(values, untils, gone - {key.encode()}, last)

    async def hold(self, owner: str, key: str, who: str, seconds: float) -> bool:
        name, lasts = keys.flight(owner, key), int(seconds * 1000)
        async with asyncio.timeout(ANSWER_S):
            said = await self._hold(keys=[name], args=[who, lasts])
        return bool(said)

    async def let_go(self, owner: str, key: str, who: str) -> None:
        async with asyncio.timeout(ANSWER_S):
            await self._hold(keys=[keys.flight(owner, key)], args=[who, 0])

    async def _tidy(self, values: str, untils: str, gone: set[bytes], last: float) -> None:
        pipe: Any = self._client.pipeline(transaction=True)
        if gone:
            pipe.hdel(values, *gone)
            pipe.zrem(untils, *gone)
        for name in (values, untils):
            pipe.expireat(name, int(last) + 1)
        await pipe.execute()
