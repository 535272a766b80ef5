"""What a screen reader hears of a live page: its boundaries, once in five seconds at most, and none
of what is written."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from tests.e2e.test_run_page import outline, path, show
from tests.e2e.web import Web
from tests.runs.worker import serve
from tests.runs.writer import ROOT, Writer, opened, wrote
from workflows.wire import keys
from workflows.wire.events import Error, Log, RunCompleted, SpanRetrying, Status

pytestmark = pytest.mark.e2e
STREAM_S = 12
EVERY_MS = 5000

# Everything that a reader may speak by itself, and when: live regions as they change or come.
LISTEN = """() => {
  const LIVE = "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log], output";
  window.heard = [];
  const note = (element) => {
    const words = element.textContent.trim();
    if (words) window.heard.push([performance.now(), words]);
  };
  new MutationObserver((records) => {
    const found = new Set();
    for (const { target, addedNodes } of records) {
      const base = target.nodeType === 1 ? target : target.parentElement;
      const around = base && base.closest(LIVE);
      if (around) found.add(around);
      for (const node of addedNodes) if (node.nodeType === 1)
        for (const e of [node, ...node.querySelectorAll("*")])
          if (e.matches("[role=alert]") && !around) found.add(e);
    }
    found.forEach(note);
  }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


@pytest.fixture
def run(web: Web, redis: Redis) -> Writer:
    return Writer(redis, web.add_run()).begin()


def test_a_fast_stream_is_announced_once_in_five_seconds(page: Page, run: Writer) -> None:
    show(page, run)
    page.evaluate(LISTEN)
    article = page.locator("#article")
    expect(article).to_have_attribute("aria-busy", "true")
    run.say((ROOT, outline()), *[opened(path(number)) for number in (1, 2, 3)])
    at, end, step = 0, time.monotonic() + STREAM_S, 0
    while time.monotonic() < end:
        step += 1
        run.say(*[wrote(path(n), f"section-{n}", at, "word " * 4) for n in (1, 2, 3)])
        at += 20
        if step % 10 == 0:
            run.say((ROOT, Status(f"Step {step}", step, 10_000)), Log("info", f"line {step}"))
        if step % 37 == 0:
            busy = SpanRetrying(1, 6, 0.5, Error("rate_limited", "Busy."), "openai")
            run.say((path(1), busy), wrote(path(1), "section-1", 0, "again "))
        page.wait_for_timeout(40)
    run.say(RunCompleted({"sections": []}))
    expect(page.locator("#announcer")).to_contain_text("Finished")
    expect(article).to_have_attribute("aria-busy", "false")
    heard = page.evaluate("window.heard")
    times = [when for when, _ in heard]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert 2 <= len(heard) <= (STREAM_S + 10) / 5
    assert min(gaps) > EVERY_MS - 100, heard
    assert "word" not in str(heard)
    assert "line" not in str(heard)


def test_the_top_says_how_long_ago_and_counts_down(page: Page, run: Writer) -> None:
    busy = SpanRetrying(2, 6, 30.0, Error("rate_limited", "Busy."), "openai")
    run.say(opened(path(1)), (path(1), busy))
    show(page, run)
    note = page.locator("#run-now .now-note.warn")
    expect(note).to_contain_text("OpenAI is throttling: next try in")
    expect(note.locator("[data-countdown]")).to_have_text("28 s")
    run.say((ROOT, Status("Aside", 1, 9)))
    expect(page.locator("#run-now .count")).to_have_text("1/9")
    left = int(note.locator("[data-countdown]").inner_text().removesuffix(" s"))
    assert left <= 28, "the same wait goes on"
    page.reload()
    expect(note.locator("[data-countdown]")).not_to_have_text("30 s")
    assert int(note.locator("[data-countdown]").inner_text().removesuffix(" s")) <= left
    expect(page.locator("[data-age]")).to_contain_text("ago")
    height = page.evaluate("document.querySelector('#plan').getBoundingClientRect().top")
    page.wait_for_timeout(2500)
    assert page.evaluate("document.querySelector('#plan').getBoundingClientRect().top") == height


def test_a_worker_that_has_stopped_is_told(page: Page, redis: Redis, run: Writer) -> None:
    serve(redis)
    show(page, run)
    redis.delete(keys.lease(run.run))
    expect(page.locator("#run-notice")).to_contain_text("Its worker has stopped")
    expect(page.locator("[data-age]")).to_contain_text("s ago")
