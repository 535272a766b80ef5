"""How much a caller may send: Django would write any amount to disk before it looks at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from runs.api.problems import MEDIA_TYPE, ROOT, plain

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# ASGI's own types are narrower than those of Django and Channels, and none agree.
Application = Callable[[Any, Any, Any], Awaitable[None]]


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
            await _refuse(scope, send)

    return bounded


class Body:
    """A body on its way in, counted. One that is too long ends as if its sender had gone."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.exceeded = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            return {"type": "http.disconnect"}
        return message


def _announced(scope: Message) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _refuse(scope: Message, send: Send) -> None:
    api = scope["path"].startswith(ROOT)
    said = plain(413).response().content if api else b"Too large\n"
    kind = MEDIA_TYPE.encode() if api else b"text/plain"
    headers = [(b"content-type", kind), (b"connection", b"close")]
    headers.append((b"content-length", str(len(said)).encode()))
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": said})
