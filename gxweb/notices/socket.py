"""`/ws/me/`: the chips of one's live runs, under the rules of a run's socket."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from gxweb.notices import board, header
from gxweb.notices.chips import Chips
from runs import consumers
from runs.consumers import NOT_READING, Message, Purpose, Receive, Send

# Places of their own: a page's chips never take the place of a run that somebody wants to see.
_open: Counter[Any] = Counter()


async def me_socket(scope: Message, receive: Receive, send: Send) -> None:
    mine = scope["user"].pk
    await consumers.serve(scope, receive, send, Purpose(_still(mine), _tell(send), _open))


def _still(mine: Any) -> Any:
    async def may(user: Any) -> bool:
        return bool(user.pk == mine)

    return may


def _tell(send: Send) -> Any:
    async def follow(user: Any) -> int | None:
        seen: Chips | None = None
        try:
            async with board.here().seat(user.pk) as seat:
                while True:
                    seen = await _next(seat, seen)
                    await consumers.say(send, header.frame(seen))
        except TimeoutError:
            return NOT_READING
        except OSError:
            return None  # they left while we spoke: there is nobody to tell

    return follow


async def _next(seat: board.Seat, seen: Chips | None) -> Chips:
    """News, or after a while of silence the same again: that we live."""
    while True:
        try:
            return await asyncio.wait_for(seat.next(seen), consumers.HEARTBEAT_S)
        except TimeoutError:
            if seen is not None:
                return seen
