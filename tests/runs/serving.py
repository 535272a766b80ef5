"""The site's sockets behind a real uvicorn, in the test's own loop, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import uvicorn
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from websockets import Origin
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gxweb.asgi import application
from runs.models import Run
from tests.patience import patience

PATIENCE_S = patience(10)


class Site:
    def __init__(self, port: int) -> None:
        self.port = port

    @asynccontextmanager
    async def socket(
        self, run: UUID | str, person: Any = None, after: object = None, **options: Any
    ) -> AsyncIterator[ClientConnection]:
        """A run's socket as a page opens it: with the person's cookie and the page's origin."""
        query = f"?after={after}" if after is not None else ""
        async with self.connect(f"/ws/runs/{run}/{query}", person, **options) as ws:
            yield ws

    @asynccontextmanager
    async def connect(
        self, path: str, person: Any = None, **options: Any
    ) -> AsyncIterator[ClientConnection]:
        headers = {"Cookie": f"sessionid={person.session}"} if person is not None else {}
        words = {"origin": Origin(settings.PUBLIC_URL), "additional_headers": headers, **options}
        async with connect(f"ws://127.0.0.1:{self.port}{path}", **words) as ws:
            yield ws


class Person:
    """Someone with an account who is signed in."""

    def __init__(self, email: str, **fields: Any) -> None:
        self.user = get_user_model().objects.create_user(email=email, **fields)
        self.client = Client()
        self.client.force_login(self.user)
        self.session = self.client.cookies["sessionid"].value

    def owns(self, **fields: Any) -> Run:
        return Run.objects.create(owner=self.user, workflow="blog", version=1, input={}, **fields)


@sync_to_async
def person(email: str, **fields: Any) -> Person:
    return Person(email, **fields)


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    config = uvicorn.Config(
        application, port=0, ws="gxweb.sockets:Socket", lifespan="off", log_level="warning",
        ws_max_size=65536,
    )  # fmt: skip
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server._serve())  # without its signal handlers
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        try:
            yield Site(server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.should_exit = True
            await task


async def closed(ws: ClientConnection) -> int | None:
    """The code with which the server closes, whatever it says before."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for _ in ws:
                pass
    except ConnectionClosed:
        pass
    return ws.close_code
