"""`chat.completions` with one thing changed: what `.stream` cannot parse comes out as a Failure.

The SDK parses a streamed answer above the stream that we time and check, as its events are made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any

from openai.lib.streaming.chat import AsyncChatCompletionStream, AsyncChatCompletionStreamManager
from openai.resources.chat import AsyncChat, AsyncCompletions

from workflows.llm.failures import failure_of


class Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return Completions(self._client)


class Completions(AsyncCompletions):
    if not TYPE_CHECKING:  # For type checkers the SDK's own signature stands.

        @wraps(AsyncCompletions.stream)
        def stream(self, **asked: Any) -> Opened:
            return Opened(super().stream(**asked), self._client.line.provider.title)


class Opened:
    """Stands in for the SDK's manager: enter it, iterate over the events."""

    def __init__(self, manager: AsyncChatCompletionStreamManager[Any], provider: str) -> None:
        self._manager = manager
        self._provider = provider

    async def __aenter__(self) -> AsyncChatCompletionStream[Any]:
        stream = await self._manager.__aenter__()
        stream._iterator = _translated(stream._iterator, self._provider)
        return stream

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._manager.__aexit__(kind, error, at)


async def _translated(events: AsyncIterator[Any], provider: str) -> AsyncIterator[Any]:
    try:
        async for event in events:
            yield event
    except Exception as error:
        failure = failure_of(error, provider)
        if failure is None or failure is error:
            raise
        raise failure from error
