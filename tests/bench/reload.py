"""Reloading the page of a long run: the server's time, the bytes, and the browser's time.

"Full page" is the load event; a live page has then still to hear from its socket once.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Page, sync_playwright

from tests import chromium
from tests.bench import long_log
from tests.bench.appends import took_ms
from tests.bench.figure import Figure, p50, p95
from tests.bench.signing_in import Reader
from tests.chaos.stack import Stack, stack
from tests.chaos.waiting import until
from workflows.wire.events import RunCompleted

TIMES = 10
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
HEARD = "document.getElementById('run-mark').dataset.cursor ? performance.now() : 0"


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), workers=0, controls=0) as s:
        reader = Reader.of(s)
        run = reader.add_run()
        with s.redis() as redis:
            writer = long_log.write(redis, run, n)
            measure(s, reader, run, f"reload of a live run of {n} events")
            writer.say(RunCompleted({"sections": []}))
        s.add_control()
        until(lambda: s.run(run)["finished_at"], 60, what="the run's end in SQL")
        measure(s, reader, run, f"reload of a finished run of {n} events")


def measure(s: Stack, reader: Reader, run: str, name: str) -> None:
    path = f"/runs/{run}/"
    serve(s, reader, path, name)
    if chromium.executable() is None:
        sys.stderr.write("no Chromium: the browser's time is not measured\n")
    else:
        browse(s, reader, path, name)


def serve(s: Stack, reader: Reader, path: str, name: str) -> None:
    headers = reader.headers | {"Accept-Encoding": "gzip"}
    with httpx2.Client(base_url=s.url, headers=headers, trust_env=False) as client:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        took = [took_ms(lambda: client.get(path)) for _ in range(TIMES)]
        floor = [took_ms(lambda: client.get("/healthz")) for _ in range(TIMES)]
    packed = len(gzip.compress(answer.content, compresslevel=6))
    # No layer of ours packs pages: what is sent is the whole, unless a proxy in front packs it.
    sent = int(answer.headers.get("content-length", packed))
    Figure(f"{name}: server p50", p50(took), "ms", p50(floor), TIMES).show()
    Figure(f"{name}: sent", sent / 1000, "KB").show()
    Figure(f"{name}: gzipped", packed / 1000, "KB", sent / 1000).show()


def browse(s: Stack, reader: Reader, path: str, name: str) -> None:
    """The floor is a page of the same site with nothing on it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=chromium.arguments()
        )
        context = browser.new_context(base_url=s.url)
        context.add_cookies([{"name": "sessionid", "value": reader.session, "url": s.url}])
        page = context.new_page()
        floor = [time for time, _ in loads(page, "/runs/")]
        times = loads(page, path)
        browser.close()
    full = [loaded for loaded, _ in times]
    heard = [both for both in (heard for _, heard in times) if both]
    Figure(f"{name}: browser to full page, p50", p50(full), "ms", p50(floor), TIMES).show()
    Figure(f"{name}: browser to full page, p95", p95(full), "ms", p95(floor), TIMES).show()
    if heard:
        Figure(f"{name}: browser to first frame, p50", p50(heard), "ms", p50(floor), TIMES).show()


def loads(page: Page, path: str) -> list[tuple[float, float | None]]:
    """Milliseconds to the load event, and to the socket's first frame where there is a socket."""
    page.goto(path)
    return [_reload(page) for _ in range(TIMES)]


def _reload(page: Page) -> tuple[float, float | None]:
    page.reload()
    loaded: Any = page.wait_for_function(LOADED).json_value()
    if not page.locator("[ws-connect]").count():
        return loaded, None
    heard: Any = page.wait_for_function(HEARD).json_value()
    return loaded, heard
