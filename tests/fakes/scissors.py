"""A proxy that cuts streams of events anywhere: within a frame, a word, the size of a chunk."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from tests.fakes.proxy import Proxy, serving

STREAM = b"text/event-stream"
HEAD = b"\r\n\r\n"
# A chunk that has an EventSource come back soon: by itself it waits for three seconds.
SOON = b"b\r\nretry: 10\n\n\r\n"
FARTHEST = 2000  # bytes of a stream before it is cut


class Scissors(Proxy):
    """Cuts `most` streams; those after that come to their end."""

    def __init__(self, port: int, most: int, rng: random.Random) -> None:
        super().__init__("127.0.0.1", port)
        self.most, self.rng = most, rng
        self.cuts = 0

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        left: int | None = None
        while data := await reader.read(65536):
            if left is None and STREAM in data and self.cuts < self.most:
                head, _, body = data.partition(HEAD)
                writer.write(head + HEAD + SOON)
                data, left = body, self.rng.randint(1, FARTHEST)
            writer.write(data if left is None else data[:left])
            await writer.drain()
            left = left and max(0, left - len(data))
            if left == 0:
                self.cuts += 1
                break
        raise ConnectionResetError


@contextmanager
def cutting(port: int, most: int, rng: random.Random) -> Iterator[Scissors]:
    """In a thread of its own, before a server on the loopback."""
    made: SimpleQueue[tuple[Scissors, asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()

    async def serve() -> None:
        over = asyncio.Event()
        async with serving(Scissors(port, most, rng)) as scissors:
            made.put((scissors, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    scissors, loop, over = made.get()
    try:
        yield scissors
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
