"""Raw responses of the calls that are traced: nothing of them is touched, and their usage is read
along as the bytes pass. What is not told, because a stream was not asked for it, is unknown.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import httpx2

from workflows.llm.attempts import Attempt
from workflows.llm.completeness import Answer

MOST_BYTES = 16 * 1024 * 1024  # more than that is not looked at


def follow(response: object, attempt: Attempt) -> None:
    """`response`: what the SDK gave; the attempt ends with its last byte."""
    http = getattr(response, "http_response", response)
    if isinstance(http, httpx2.Response) and isinstance(http.stream, httpx2.AsyncByteStream):
        if not http.is_closed:
            http.stream = Followed(http, http.stream, attempt)
            return
        read(http, attempt.tally)
    attempt.end("ok")


class Followed(httpx2.AsyncByteStream):
    """A body that has not come yet."""

    def __init__(
        self, response: httpx2.Response, body: httpx2.AsyncByteStream, attempt: Attempt
    ) -> None:
        self._headers = response.headers
        self._body = body
        self._attempt = attempt
        self._parts: list[bytes] = []
        self._size = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._attempt.noting():
            async for part in self._body:
                self._keep(part)
                yield part
        if self._size <= MOST_BYTES:
            # The SDK's own response decodes what was compressed; so does this copy.
            copy = httpx2.Response(200, headers=self._headers, content=b"".join(self._parts))
            read(copy, self._attempt.tally)
        self._attempt.end("ok")

    async def aclose(self) -> None:
        await self._body.aclose()
        self._attempt.end("cancelled")

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= MOST_BYTES:
            self._parts.append(part)


def read(response: httpx2.Response, tally: Answer) -> None:
    """What the answer says of itself, in one piece or as events."""
    with suppress(ValueError, httpx2.DecodingError):
        text = response.text
        events = [line[5:] for line in text.splitlines() if line.startswith("data:")]
        for said in events or [text]:
            if said.strip() != "[DONE]":
                tally.add(json.loads(said, object_hook=_attributes))


def _attributes(said: dict[str, Any]) -> SimpleNamespace:
    """As the SDK's own objects, for whoever looks at an answer."""
    return SimpleNamespace(**said)
