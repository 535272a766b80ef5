"""How much a caller may send: Django would write any amount to disk before it looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from django.template.loader import render_to_string

from runs.api.problems import MEDIA_TYPE, ROOT, plain

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# ASGI's own types are narrower than those of Django and Channels, and none agree.
Application = Callable[[Any, Any, Any], Awaitable[None]]
# A browser shows what it is told only when it has sent all that it wanted to: so much more is taken
# from it, and thrown away, for so long.
REST, PATIENCE_S = 32_000_000, 20.0
POLICY = b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'"


def with_bounded_bodies(application: Application, most: int) -> Application:
    """Answers 413 by itself, by the announced length or when more than `most` bytes have come."""

    async def bounded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        body = Body(receive, most)
        if _announced(scope) <= most:
            await application(scope, body.receive, send)
        else:
            body.exceeded = True
        if body.exceeded:
            await _refuse(scope, body, send)

    return bounded


class Body:
    """A body on its way in, counted. One that is too long ends as if its sender had gone."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.exceeded = False
        self.more = True  # there is something to come

    async def receive(self) -> Message:
        message = await self._receive()
        self.more = message["type"] == "http.request" and bool(message.get("more_body"))
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            return {"type": "http.disconnect"}
        return message

    async def throw_away(self) -> None:
        """What is still to come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while self.more and self._left > -REST:
                    await self.receive()


def _announced(scope: Message) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _refuse(scope: Message, body: Body, send: Send) -> None:
    headers = [(b"connection", b"close"), (b"cache-control", b"no-store")]
    if scope["path"].startswith(ROOT):
        said, kind = plain(413).response().content, MEDIA_TYPE.encode()
    else:
        await body.throw_away()
        said, kind = render_to_string("413.html").encode(), b"text/html; charset=utf-8"
        headers.append((b"content-security-policy", POLICY))
    headers += [(b"content-type", kind), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": said})
