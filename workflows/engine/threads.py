"""Threads for sync components, apart from those of the event loop.

The loop looks up host names in its default threads: steps that block there would cut every run of
the process off from Redis and the providers. And a step that waits for a step that it called must
not hold the last thread which that one needs: so each level of such calls has a pool of its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 32

_level: contextvars.ContextVar[int] = contextvars.ContextVar("gx_thread_level", default=0)
_pools: dict[int, ThreadPoolExecutor] = {}


async def in_thread(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call it in a thread, with the context that it has here."""
    level = _level.get()
    context = contextvars.copy_context()
    context.run(_level.set, level + 1)
    call = functools.partial(context.run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool(level), call)


def _pool(level: int) -> ThreadPoolExecutor:
    if level not in _pools:
        _pools[level] = ThreadPoolExecutor(THREADS, thread_name_prefix=f"gx-sync-{level}")
    return _pools[level]
