"""A site on loopback that notes every request: paths, folders of real HTML, and answers that fail.

It listens on 127.0.0.1; `allow` is what GX_FETCH_ALLOW has to say for it to be read.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.accepting import close, turns

KINDS = {".html": "text/html", ".htm": "text/html", ".xml": "application/xml", ".txt": "text/plain"}


@dataclass(frozen=True)
class Reply:
    body: str | bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "text/html; charset=utf-8"

    def bytes(self) -> bytes:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        headers = {"Content-Type": self.kind, "Content-Length": str(len(body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        return f"HTTP/1.1 {self.status} Said\r\n{lines}Connection: close\r\n\r\n".encode() + body


Page = str | Reply | Callable[[], "str | Reply"]


@dataclass
class Site:
    """`pages`: by path with its query. `folder`: where other paths are looked for. `other`: says
    what is there when nothing is. `asked`: (path, when) of each request, in their order."""

    pages: dict[str, Page] = field(default_factory=dict)
    folder: Path | None = None
    other: Callable[[str], Page | None] = lambda _: None
    slow_s: float = 0.0
    port: int = 0
    asked: list[tuple[str, float]] = field(default_factory=list)
    open: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def allow(self) -> str:
        return f"127.0.0.1/32:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def reply(self, path: str) -> Reply:
        found = self.pages.get(path)
        found = self._file(path) if found is None else found
        found = self.other(path) if found is None else found
        found = found() if callable(found) else found
        if found is None:
            return Reply("<p>Not here.</p>", 404)
        return Reply(found) if isinstance(found, str) else found

    def _file(self, path: str) -> Reply | None:
        if self.folder is None:
            return None
        name = path.partition("?")[0].lstrip("/")
        place = (self.folder / name).resolve()
        place = place / "index.html" if place.is_dir() else place
        if not place.is_relative_to(self.folder.resolve()) or not place.is_file():
            return None
        return Reply(place.read_bytes(), kind=KINDS.get(place.suffix, "application/octet-stream"))

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection. It is known before anything is awaited: so none is left unclosed."""
        self.open[writer] = asyncio.create_task(self.serve(reader, writer))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split()[1]
            self.asked.append((path, time.monotonic()))
            await asyncio.sleep(self.slow_s)
            writer.write(self.reply(path).bytes())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            del self.open[writer]

    async def leave(self) -> None:
        """Afterwards nothing is open or under way."""
        for writer, task in tuple(self.open.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self.open.values(), return_exceptions=True)
        await turns()


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """In a thread with a loop of its own, so that any kind of test may use it."""
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(site.meet, "127.0.0.1", 0)
        site.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        await close(server)
        await site.leave()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def page(
    title: str, *paragraphs: str, links: Mapping[str, str] | None = None, head: str = ""
) -> str:
    """`links`: address -> what it says."""
    anchors = "".join(f"<li><a href='{to}'>{said}</a></li>" for to, said in (links or {}).items())
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body>"
        f"<nav><ul>{anchors}</ul></nav><main><h1>{title}</h1>{text}</main></body></html>"
    )
