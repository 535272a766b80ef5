"""A peer that takes nothing more does not keep its connection."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

from gxweb.sockets import Socket
from tests.chaos.waiting import until
from tests.valkey import free_port

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
MUCH = "x" * 2**24  # more than the kernel takes for it


async def shouts_and_leaves(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": MUCH})


async def test_a_peer_that_does_not_take_what_was_said_is_dropped() -> None:
    config = uvicorn.Config(
        shouts_and_leaves, port=free_port(), ws=Socket, lifespan="off", log_level="warning"
    )
    server = uvicorn.Server(config)
    connections = server.server_state.connections
    with socket.socket() as deaf:
        async with asyncio.TaskGroup() as group:
            group.create_task(server._serve())
            await asyncio.to_thread(until, lambda: server.started)
            deaf.connect(("127.0.0.1", config.port))
            deaf.sendall(HANDSHAKE)
            await asyncio.to_thread(until, lambda: any(isinstance(c, Socket) for c in connections))
            await asyncio.to_thread(until, lambda: not connections, 20)
            server.should_exit = True
    assert not connections
