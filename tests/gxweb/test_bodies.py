"""Bodies are bounded before anything is written down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gxweb import bodies
from gxweb.bodies import with_bounded_bodies

MOST = 10


async def swallow(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads to the end, as Django does, and answers only then."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def post(parts: list[bytes], path: str = "/api/x", length: str | None = None) -> list[Any]:
    left = parts
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", length.encode())] if length else []
    scope = {"type": "http", "path": path, "headers": headers}
    await with_bounded_bodies(swallow, MOST)(scope, receive, send)
    return sent


@pytest.mark.parametrize("parts", [[b""], [b"x" * 10], [b"x" * 5, b"x" * 5]])
async def test_body_within_bounds_passes(parts: list[bytes]) -> None:
    assert [message.get("status") for message in await post(parts)] == [200, None]


@pytest.mark.parametrize(
    ("parts", "length"), [([b"x" * 11], None), ([b"x" * 6, b"x" * 6, b"x"], None), ([], "11")]
)
async def test_body_beyond_is_refused(parts: list[bytes], length: str | None) -> None:
    start, body = await post(parts, length=length)
    assert start["status"] == 413
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert json.loads(body["body"])["type"] == "urn:gxweb:too_large"


@pytest.mark.parametrize(
    ("parts", "length"),
    [([b"x" * 11], None), ([b"x" * 6, b"x" * 6, b"x" * 90], None), ([b"x" * 99], "99")],
)
async def test_pages_are_refused_by_a_page_when_all_has_come(
    parts: list[bytes], length: str | None
) -> None:
    start, body = await post(parts, path="/accounts/login/", length=length)
    assert start["status"] == 413
    assert dict(start["headers"])[b"content-type"] == b"text/html; charset=utf-8"
    assert b"That was too much at once" in body["body"]
    assert parts == []


async def test_what_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "REST", 50)
    parts = [b"x" * 11] * 20
    start, _ = await post(parts, path="/posts/new/")
    assert start["status"] == 413
    assert len(parts) > 10
