"""Snapshot, then follow: one reader per process, shared by all who look at a run.

    async with here().watch(run_id) as watch:
        frame = await watch.next(cursor)

Cost follows watched runs, not viewers: a viewer asks for what came after its own cursor and gets
parts that all others get too, or a snapshot when it is too far behind. Nothing is queued for it.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from django.conf import settings

from runs.tail.batch import Batch
from runs.tail.reader import Tail
from runs.tail.watch import Frame, NotFollowed, Watch

__all__ = ["Batch", "Frame", "NotFollowed", "Tail", "Watch", "here"]

_tails: WeakKeyDictionary[asyncio.AbstractEventLoop, Tail] = WeakKeyDictionary()


def here() -> Tail:
    """The tail of the running event loop; a process that serves has one."""
    loop = asyncio.get_running_loop()
    if loop not in _tails:
        _tails[loop] = Tail(settings.GX.redis_url)
    return _tails[loop]
