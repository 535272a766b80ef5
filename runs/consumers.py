"""The socket of a live page: authorise, follow, send.

A plain ASGI application: three small tasks belong to a socket, and the first to end ends it. All
refusals come after the accept, since a browser takes a refused handshake for a broken network and
tries for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.auth import get_user
from channels.db import database_sync_to_async
from django.conf import settings

from runs import render, tail
from runs.models import Run
from workflows.wire.cursor import Cursor

FINISHED, BROKEN, NOT_READING = 1000, 1011, 1013
SIGNED_OUT, UNKNOWN, TOO_MANY = 4401, 4404, 4429
HEARTBEAT_S = 10.0
SEND_S = 10.0
CLOSE_S = 2.0
RECHECK_S = 60.0
SOCKETS_PER_USER = 20

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# By user, in this process: several web processes allow as many sockets each.
_open: Counter[Any] = Counter()


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a socket is for. `may`: whether a user may have it, asked again and again; `follow`:
    what it says, to the code that it closes with; `places`: how many of its kind each user has."""

    may: Callable[[Any], Awaitable[bool]]
    follow: Callable[[Any], Coroutine[Any, Any, int | None]]
    places: Counter[Any]


async def run_socket(scope: Message, receive: Receive, send: Send) -> None:
    """`/ws/runs/<id>/?after=<cursor>`"""
    run = scope["url_route"]["kwargs"]["id"]
    purpose = Purpose(
        may=lambda user: _may_see(user, run),
        follow=lambda user: _follow(send, run, _after(scope)),
        places=_open,
    )
    await serve(scope, receive, send, purpose)


async def serve(scope: Message, receive: Receive, send: Send, purpose: Purpose) -> None:
    """Accept, do what it is for, and close with the code that tells why."""
    await receive()
    await send({"type": "websocket.accept"})
    code = await _serve(scope, receive, purpose)
    if code is not None:
        # A client that does not read cannot be told; then the connection is just dropped.
        with suppress(OSError):
            await asyncio.wait_for(send({"type": "websocket.close", "code": code}), CLOSE_S)


async def nowhere(scope: Message, receive: Receive, send: Send) -> None:
    """Any other address: told apart from a broken network, as an unknown run is."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": UNKNOWN})


async def _serve(scope: Message, receive: Receive, purpose: Purpose) -> int | None:
    """The code to close with; None when the client has gone."""
    user = scope["user"]
    if not user.is_authenticated:
        return SIGNED_OUT
    if not await purpose.may(user):
        return UNKNOWN
    with _place(purpose.places, user.pk) as free:
        if not free:
            return TOO_MANY
        return await _first_of(
            purpose.follow(user), _hang_up(receive), _watch_rights(scope, purpose)
        )


async def _follow(send: Send, run: UUID, after: Cursor | None) -> int | None:
    note: render.Note | None = None
    try:
        async with tail.here().watch(run) as watch:
            while True:
                frame = await _next(watch, after, note)
                await say(send, frame.html)
                if frame.final:
                    return FINISHED
                after, note = frame.cursor, frame.note
    except tail.NotFollowed:
        return BROKEN
    except TimeoutError:
        return NOT_READING
    except OSError:
        return None  # they left while we spoke: there is nobody to tell


async def say(send: Send, text: str) -> None:
    """Raises TimeoutError when the client does not read."""
    await asyncio.wait_for(send({"type": "websocket.send", "text": text}), SEND_S)


async def _next(watch: tail.Watch, seen: Cursor | None, note: render.Note | None) -> tail.Frame:
    """News, or after a while of silence a frame that says just that we live."""
    try:
        return await asyncio.wait_for(watch.next(seen, note=note), HEARTBEAT_S)
    except TimeoutError:
        return await watch.next(seen)


async def _hang_up(receive: Receive) -> None:
    """The client has nothing to say but goodbye."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _watch_rights(scope: Message, purpose: Purpose) -> int:
    """A socket outlives its sign-in: look again, in SQL, whether both are still good."""
    while True:
        await asyncio.sleep(RECHECK_S)
        engine = import_module(settings.SESSION_ENGINE)
        session = engine.SessionStore(scope["session"].session_key)
        user = await get_user({"session": session})
        if not user.is_authenticated:
            return SIGNED_OUT
        if not await purpose.may(user):
            return UNKNOWN


@database_sync_to_async  # type: ignore[untyped-decorator]
def _may_see(user: Any, run: UUID) -> bool:
    return Run.objects.visible_to(user).filter(pk=run).exists()


async def _first_of(*jobs: Coroutine[Any, Any, int | None]) -> int | None:
    """What the first job to end says; the others are stopped."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
    return next(iter(done)).result()


@contextmanager
def _place(places: Counter[Any], user: Any) -> Iterator[bool]:
    """One of the user's sockets, if there is one left."""
    places[user] += 1
    try:
        yield places[user] <= SOCKETS_PER_USER
    finally:
        places[user] -= 1
        if not places[user]:
            del places[user]


def _after(scope: Message) -> Cursor | None:
    given = parse_qs(scope["query_string"].decode("latin-1")).get("after", [""])[0]
    try:
        return Cursor.parse(given)
    except ValueError:
        return None
