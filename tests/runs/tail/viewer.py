"""A viewer as the socket serves one, with a page to put its frames in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Self

from runs import render
from runs.tail import Frame, Tail
from tests.patience import patience
from tests.runs.render.dom import Page
from tests.runs.writer import Writer
from workflows.wire.state import EMPTY

PATIENCE_S = patience(10)


async def eventually(
    condition: Callable[[], bool], step: Callable[[], Awaitable[Any]] | None = None
) -> None:
    """Wait for a condition, taking steps towards it meanwhile."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await (step() if step is not None else asyncio.sleep(0.01))


class Viewer:
    def __init__(self, tail: Tail, run: Writer) -> None:
        self._tail, self._run = tail, run.run
        self._stack = AsyncExitStack()
        self.page = Page('<div id="run-mark"></div>' + "".join(render.page(EMPTY).values()))
        self.last = Frame("", EMPTY.cursor, "")

    async def __aenter__(self) -> Self:
        self._watch = await self._stack.enter_async_context(self._tail.watch(self._run))
        self._show(await self._watch.next(None))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def look(self) -> Frame:
        """Wait for the next frame and put it in."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self._watch.next(self.last.cursor, note=self.last.note)
        self._show(frame)
        return frame

    async def until_final(self) -> None:
        await eventually(lambda: self.last.final, self.look)

    async def text(self, channel: str) -> str:
        """What a reader sees of a channel, once there is something to see: the last line without
        the break behind each block."""
        name = "data-section" if channel.startswith("section-") else "data-channel"
        value = channel.removeprefix("section-")
        while not any(node.attributes[name] == value for node in self.page.root.all(name)):
            await self.look()
        return self.page.root.find(name, value).text.removesuffix("\n")

    @property
    def mark(self) -> dict[str, str]:
        return self.page.root.find("id", "run-mark").attributes

    @property
    def paused(self) -> bool:
        return self.last.note == "paused"

    def caught_up(self, run: Writer) -> bool:
        return self.last.cursor == run.tip

    def _show(self, frame: Frame) -> None:
        self.page.put_in(frame.html)
        self.last = frame
