"""Foreign pages cannot open a socket: scheme, host and port are compared."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from gxweb.origins import TrustedOrigins


async def accept(scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})


async def connects(origin: str | None, host: str = "gx.example.org") -> bool:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {"type": "websocket", "path": "/", "headers": headers, "subprotocols": []}
    make: Any = ApplicationCommunicator
    socket = make(TrustedOrigins(accept), scope)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(5)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
    return bool(answer["type"] == "websocket.accept")


@pytest.fixture(autouse=True)
def trusted(settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://gx.example.org", "http://other.example:8080"]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://gx.example.org", True),
        ("https://gx.example.org:443", True),
        ("http://other.example:8080", True),
        ("http://gx.example.org", False),
        ("https://gx.example.org:8443", False),
        ("http://other.example", False),
        ("https://sub.gx.example.org", False),
        ("https://evil.example", False),
        ("null", False),
        (None, False),
    ],
)
async def test_origin(origin: str | None, expected: bool) -> None:
    assert await connects(origin) is expected


@pytest.mark.parametrize("debug", [True, False])
async def test_own_host_is_trusted_in_development_only(settings: Any, debug: bool) -> None:
    settings.DEBUG = debug
    assert await connects("http://laptop.local:8000", host="laptop.local:8000") is debug
    assert await connects("http://evil.example", host="laptop.local:8000") is False
