"""A streamed answer that is timed while it comes, checked when it ends and closed with its task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from openai import AsyncStream
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

from workflows.engine.errors import Failure
from workflows.llm.attempts import Attempt
from workflows.llm.failures import web_page

_closing: set[asyncio.Task[None]] = set()


T = TypeVar("T")
if TYPE_CHECKING:
    Base = AsyncStream[Any]
else:

    class Base: ...


class Traced(Base, Generic[T]):
    """Beside the SDK's stream: behaves as that, but ends without an error only after a whole
    answer."""

    _attempt: Attempt
    _shows_usage: bool
    _owner: asyncio.Task[object] | None = None
    told: Callable[[Failure | None], Awaitable[None]] | None = None
    """Who wants to know how it ended, once its beginning has been seen."""

    def follow(self, attempt: Attempt, *, shows_usage: bool) -> Self:
        """`shows_usage`: the caller asked for the last chunk, which has a usage and no choices."""
        self._attempt = attempt
        self._shows_usage = shows_usage
        self._owner = asyncio.current_task()
        if self._owner is not None:
            self._owner.add_done_callback(self._orphaned)
        return self

    async def begun(self) -> Self:
        """Wait for the first piece that says something: until then another provider could be
        asked. Raises Failure."""
        first = []
        async for chunk in self._iterator:
            first.append(chunk)
            if self._attempt.tally.begins(chunk):
                break
        self._iterator = _resumed(first, self._iterator)
        return self

    async def close(self) -> None:
        await super().close()
        self._attempt.end("cancelled")
        self._leave_owner()

    async def __stream__(self) -> AsyncIterator[Any]:
        chunks = super().__stream__()
        try:
            with self._attempt.failing():
                self._refuse_web_page()
                while (chunk := await self._next(chunks)) is not None:
                    if self._attempt.tally.wanted(chunk, shows_usage=self._shows_usage):
                        yield chunk
                self._attempt.check()
            self._attempt.end("ok")
            await self._tell(None)
        except Failure as failure:
            await self._tell(failure)
            raise
        finally:
            await self.response.aclose()
            self._leave_owner()

    async def _next(self, chunks: AsyncIterator[Any]) -> Any:
        tally = self._attempt.tally
        async with self._attempt.within("chunk" if tally.parts else "first"):
            chunk = await anext(chunks, None)
        if chunk is not None:
            tally.add(chunk)
            if tally.begins(chunk):
                self._attempt.first_token()
        return chunk

    async def _tell(self, failure: Failure | None) -> None:
        if self.told is not None:
            await self.told(failure)

    def _refuse_web_page(self) -> None:
        if self.response.headers.get("content-type", "").startswith("text/html"):
            raise web_page(self._attempt.provider.title)

    def _leave_owner(self) -> None:
        if self._owner is not None:
            self._owner.remove_done_callback(self._orphaned)
            self._owner = None

    def _orphaned(self, owner: asyncio.Task[object]) -> None:
        """A cancelled task leaves its stream to the garbage collector: too late for a provider
        that is paid by the token, so the connection is closed here.
        """
        if owner.cancelled() and not self.response.is_closed:
            closing = owner.get_loop().create_task(self.close())
            _closing.add(closing)
            closing.add_done_callback(_closing.discard)


class TracedStream(Traced[ChatCompletionChunk], AsyncStream[ChatCompletionChunk]):
    """Of chat completions."""


class TracedEvents(Traced[ResponseStreamEvent], AsyncStream[ResponseStreamEvent]):
    """Of `responses`."""


async def _resumed(first: list[Any], rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    for chunk in first:
        yield chunk
    async for chunk in rest:
        yield chunk
