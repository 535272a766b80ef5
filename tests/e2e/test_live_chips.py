"""A run of the whole system in the header of a page that has nothing to do with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.chaos import people
from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import notes
from tests.chaos.waiting import until
from tests.patience import patience

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.timeout(900)]
WORKS_MS = patience(60_000)
# Frames of the chips' socket, and when each came.
COUNT = """
window.frames_ = [];
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...words) {
    super(...words);
    this.addEventListener("message", (event) => {
      if (this.url.endsWith("/ws/me/")) window.frames_.push([performance.now(), event.data.length]);
    });
  }
};
"""


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("chips"), workers=1, latency=0.05) as made:
        yield made


@pytest.fixture
def context(browser: Browser, s: Stack) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=s.url)
    made.add_cookies([{"name": "sessionid", "value": people.owner(s), "url": s.url}])
    made.add_init_script(COUNT)
    yield made
    made.close()


def test_a_run_of_one_tab_turns_into_ready_in_another(s: Stack, context: BrowserContext) -> None:
    s.provider.pace(tokens_per_second=60, latency=0.05, plain=0)
    a, b = context.new_page(), context.new_page()
    b.goto("/accounts/")
    b.get_by_label("When one is finished").check()
    b.get_by_role("button", name="Save").click()
    expect(b.get_by_role("status")).to_contain_text("Saved")
    a.goto("/posts/new/")
    a.get_by_label("Topic").fill("The price of salt")
    a.get_by_label("Your notes").fill(notes())
    a.get_by_role("button", name="Start").click()
    a.wait_for_url("**/posts/*-*/")
    chip = b.locator("[data-chip]")
    expect(chip.locator(".chip-title")).to_have_text("The price of salt", timeout=WORKS_MS)
    expect(chip.locator("progress")).to_be_visible(timeout=WORKS_MS)
    b.goto("/runs/")
    assert "The price of salt" in chip.inner_text(), "there at once after going to another page"
    expect(chip.locator(".chip-state")).to_have_text("ready", timeout=WORKS_MS)
    frames = b.evaluate("window.frames_")
    assert all(size < 4096 for _, size in frames)
    assert len(frames) <= 2 + (frames[-1][0] - frames[0][0]) / 900, "about one a second at most"
    chip.locator("a").click()
    b.wait_for_url("**/posts/*-*/")
    expect(chip).to_have_count(0)
    said = until(
        lambda: "Subject: Ready: The price of salt" in s.controls[0].tail(200), 30, what="a mail"
    )
    assert said


def test_chips_stay_while_redis_is_away(s: Stack, context: BrowserContext) -> None:
    s.provider.pace(tokens_per_second=1, latency=0.05, plain=0)
    page = context.new_page()
    page.goto("/posts/")
    run = s.begin(topic="Wool", notes=notes())
    chip = page.locator(f'[data-chip="{run}"]')
    expect(chip).to_contain_text("Wool", timeout=WORKS_MS)
    s.server.stop()
    page.goto("/runs/")
    expect(chip).to_contain_text("Wool")
    s.restart_valkey()
    until(lambda: s.cancel(run).status_code in (202, 409), 60, what="a run that was stopped")
    expect(chip).to_have_count(0, timeout=WORKS_MS)
