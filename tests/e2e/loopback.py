"""Somebody's website on an address of this machine: a small museum, as many pages as one likes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PUBLIC = "127.0.0.2"
THINGS = (
    "wheel", "sluice", "millstone", "pond", "causeway", "granary", "hopper", "gear", "miller",
    "flour", "tide gate", "ledger",
)  # fmt: skip


def fact(number: int) -> str:
    """What stands on that page and on no other."""
    thing = THINGS[number % len(THINGS)]
    return f"The {thing} of room {number} was mended in {1800 + number} by the village carpenter."


def html(number: int, pages: int) -> str:
    thing = THINGS[number % len(THINGS)]
    links = "".join(f'<li><a href="/room-{n}">Room {n}</a></li>' for n in range(1, pages + 1))
    title = "Eling Tide Mill" if not number else f"Room {number}: the {thing}"
    return f"""<!doctype html><html lang="en"><head><title>{title}</title>
<meta property="og:site_name" content="Eling Tide Mill">
<meta name="description" content="A tide mill that has ground flour since 1086.">
<meta name="theme-color" content="#1b4965"></head><body><nav><ul>{links}</ul></nav><main>
<h1>{title}</h1><p>{fact(number)} Visitors of the mill may look at it from the gallery.</p>
<p>In room {number} the guides tell families how the {thing} works when the tide turns, and why
the day of the miller moves by fifty minutes every day, as the moon does.</p>
<p>Schools book room {number} a week ahead; bakers come for the flour of the {thing} on Fridays.</p>
</main></body></html>"""


class Museum(ThreadingHTTPServer):
    """`pages` beside the home page; `latency`: of each answer, in seconds. `asked`: every path."""

    daemon_threads = True

    def __init__(self, pages: int, latency: float) -> None:
        super().__init__((PUBLIC, 0), Guide)
        self.pages, self.latency = pages, latency
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://{PUBLIC}:{self.server_port}"


class Guide(BaseHTTPRequestHandler):
    server: Museum

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        found = self._found()
        if found is None:
            self.send_error(404)
            return
        time.sleep(self.server.latency)
        body = found.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self) -> str | None:
        if self.path == "/":
            return html(0, self.server.pages)
        number = self.path.removeprefix("/room-")
        known = number.isdigit() and 0 < int(number) <= self.server.pages
        return html(int(number), self.server.pages) if known else None

    def log_message(self, format: str, *words: object) -> None:
        """Silent."""


@contextmanager
def museum(pages: int, latency: float = 0.05) -> Iterator[Museum]:
    with Museum(pages, latency) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
