"""A browser's own client for events: cut anywhere it comes back for the rest, and at the end it
stays away. CUTS=200 cuts it so often."""

from __future__ import annotations

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from playwright.sync_api import Browser
from redis import Redis

from tests.chaos.waiting import until
from tests.e2e.web import Web
from tests.fakes.scissors import Scissors, cutting
from tests.runs.writer import ROOT, Writer, wrote
from tests.valkey import Server
from workflows.wire import log
from workflows.wire.events import BODIES, RunCompleted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
CUTS = int(os.environ.get("CUTS") or 8)
KINDS = [body.kind for body in BODIES]  # type: ignore[attr-defined]
BETWEEN = 12  # events from one cut to the next: more bytes than are let through
WORDS = "Heat moves from the cold outside into the house, "
LISTEN = """([url, kinds]) => {
  window.seen = [];
  window.source = new EventSource(url);
  for (const kind of kinds)
    source.addEventListener(kind, (event) => seen.push([event.lastEventId, event.data]));
}"""


def test_cut_anywhere_it_loses_and_repeats_nothing_and_ends(
    browser: Browser, web: Web, valkey_server: Server
) -> None:
    rng = random.Random(os.environ.get("SEED", "cuts"))
    context = browser.new_context()
    page, run = context.new_page(), web.add_run()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with (
        cutting(web.port, CUTS, rng) as scissors,
        Redis.from_url(valkey_server.url) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        writer, url = Writer(client, run).begin(), f"http://127.0.0.1:{scissors.port}"
        context.add_cookies([{"name": "sessionid", "value": web.session, "url": url}])
        page.goto(f"{url}/healthz")
        page.evaluate(LISTEN, [f"/api/runs/{run}/events", KINDS])
        writing = pool.submit(write, writer, scissors)
        page.wait_for_function("() => source.readyState === EventSource.CLOSED", timeout=240_000)
        writing.result()
        whole = [str(event.id) for event in log.read(client, run)]
        seen = page.evaluate("seen")
    context.close()
    assert scissors.cuts == CUTS
    assert [id for id, _ in seen] == whole
    assert [json.loads(data)["id"] for _, data in seen] == whole
    # Each cut, the end, and the answer that there is nothing more.
    assert len([one for one in asked if one.endswith("/events")]) == CUTS + 2
    print(f"cut {scissors.cuts} times, {len(seen)} events")


def write(writer: Writer, scissors: Scissors) -> None:
    """As fast as it is cut: after each cut there is more to come."""
    for cut in range(1, CUTS + 1):
        for number in range((cut - 1) * BETWEEN, cut * BETWEEN):
            writer.say(wrote(ROOT, "section-1", number * len(WORDS), WORDS))
        until(partial(has_cut, scissors, cut), 30, 0.005)
    writer.say(RunCompleted({"sections": []}))


def has_cut(scissors: Scissors, times: int) -> bool:
    return scissors.cuts >= times
