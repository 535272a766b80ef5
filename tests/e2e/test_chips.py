"""Chips of one's runs on every page, in a real browser; the projector is played by the test."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.axe import looked_at, told
from tests.e2e.web import Web

pytestmark = pytest.mark.e2e

RUNNING = "UPDATE runs_run SET status='running', progress_done=3, progress_total=9 WHERE id=?"
READY = "UPDATE runs_run SET status='completed', finished_at=datetime('now') WHERE id=?"
FAILED = "UPDATE runs_run SET status='failed', finished_at=datetime('now') WHERE id=?"

WHOLE = "e => e.scrollWidth <= e.clientWidth"
# The first document is of an edition before.
OLDER = """
new MutationObserver((_, me) => {
  const box = document.getElementById("chips");
  if (!box) return;
  me.disconnect();
  if (!sessionStorage.older) box.dataset.edition = sessionStorage.older = "an-older-1";
}).observe(document, { childList: true, subtree: true });
"""
# What a browser would show, and whether the page is in front.
WORLD = """
window.shown = [];
window.away = false;
window.Notification = class {
  static permission = localStorage.allowed || "default";
  static async requestPermission() {
    localStorage.allowed = Notification.permission = "granted";
    return "granted";
  }
  constructor(title, more) { window.shown.push([more.body, more.tag]); }
};
Object.defineProperty(document, "hidden", { get: () => window.away });
"""


class Rows:
    """The table of runs, written as a projector would."""

    def __init__(self, web: Web) -> None:
        self.web = web

    def say(self, sql: str, *values: Any) -> None:
        with sqlite3.connect(Path(self.web.folder) / "db.sqlite3", timeout=20) as db:
            db.execute(sql, values)

    def add(self) -> str:
        return self.web.add_run().replace("-", "")


@pytest.fixture
def rows(web: Web) -> Rows:
    made = Rows(web)
    mine = "FROM runs_run WHERE owner_id = ?"  # other files show those of others
    made.say(f"DELETE FROM notices_dismissal WHERE run_id IN (SELECT id {mine})", web.user)
    made.say(f"DELETE {mine}", web.user)
    return made


def test_a_run_of_one_tab_is_a_chip_in_another(
    context: BrowserContext, page: Page, rows: Rows, complaints: list[str]
) -> None:
    page.goto("/accounts/")
    chip = page.locator("[data-chip]")
    expect(page.locator("#chips")).to_be_hidden()
    run = rows.add()
    expect(chip).to_have_text("Blog post queued")
    rows.say(RUNNING, run)
    expect(chip).to_have_text("Blog post 3/9")
    expect(chip.locator("progress")).to_have_js_property("value", 3)
    page.goto("/posts/")
    assert chip.inner_text().split() == ["Blog", "post", "3/9"], "there at once"
    other = context.new_page()
    other.goto("/runs/")
    rows.say(READY, run)
    for tab in (page, other):
        expect(tab.locator("[data-chip] .chip-state")).to_have_text("ready")
    expect(page.locator("#announcer")).to_have_text("Blog post ready.")
    page.get_by_role("button", name="Dismiss Blog post").click()
    expect(other.locator("[data-chip]")).to_have_count(0)
    page.reload()
    expect(chip).to_have_count(0)
    assert complaints == []


def test_following_a_chip_that_has_ended_puts_it_away(page: Page, rows: Rows) -> None:
    run = rows.add()
    rows.say(FAILED, run)
    page.goto("/posts/")
    page.get_by_role("link", name="Blog post failed").click()
    page.wait_for_url("**/runs/**")
    expect(page.locator("[data-chip]")).to_have_count(0)


def test_the_focus_stays_while_chips_change(page: Page, rows: Rows) -> None:
    run = rows.add()
    page.goto("/posts/")
    link = page.locator("[data-chip] a")
    link.focus()
    rows.say(RUNNING, run)
    expect(link).to_have_text("Blog post 3/9")
    expect(link).to_be_focused()


@pytest.mark.parametrize("width", [360, 720, 1280])
def test_the_header_stays_one_line(page: Page, rows: Rows, width: int) -> None:
    runs = [rows.add() for _ in range(7)]
    for run in runs[:2]:
        rows.say(READY, run)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto("/posts/")
    expect(page.locator(".site-header")).to_have_js_property("offsetHeight", 57)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    short = page.locator(".chips-short")
    assert short.evaluate(WHOLE)
    more = page.locator(".chip-more" if width == 1280 else ".chips-short")
    expect(more).to_be_visible()
    expect(more.or_(more.locator("a")).last).to_have_attribute("href", "/runs/?status=running")
    for run in runs:
        rows.say(READY, run)
    expect(short).not_to_contain_text("going")
    assert short.evaluate(WHOLE)


def test_without_javascript_one_line_says_what_goes_on(
    browser: Browser, context: BrowserContext, web: Web, rows: Rows
) -> None:
    rows.add(), rows.add()
    still = browser.new_context(
        java_script_enabled=False, base_url=web.url, storage_state=context.storage_state()
    )
    page = still.new_page()
    page.goto("/posts/")
    link = page.get_by_role("link", name="2 runs are going")
    expect(link).to_have_attribute("href", "/runs/?status=running")
    expect(page.locator("[data-chip]").first).to_be_hidden()
    still.close()


def test_a_page_left_open_over_a_deploy_says_so_and_loses_nothing(
    page: Page, rows: Rows, complaints: list[str]
) -> None:
    page.add_init_script(OLDER)
    page.goto("/posts/new/")
    page.get_by_label("Topic").fill("The price of salt")
    line = page.locator("#edition")
    expect(line).to_contain_text("There is a new version of this site.")
    assert told(looked_at(page, "a new version is there")) == ""
    line.get_by_role("link", name="Reload").click()
    expect(page.get_by_label("Topic")).to_have_value("The price of salt")
    expect(line).to_be_hidden()
    assert complaints == []


def end(page: Page, rows: Rows, run: str) -> None:
    expect(page.locator("[data-chip]")).to_have_count(1)
    rows.say(READY, run)
    expect(page.locator("[data-chip] .chip-state")).to_have_text("ready")


def test_a_notice_when_asked_for_and_away_and_else_none(
    context: BrowserContext, page: Page, rows: Rows, complaints: list[str]
) -> None:
    context.add_init_script(WORLD)
    page.goto("/accounts/")
    button = page.get_by_role("button", name="Notify me")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    end(page, rows, rows.add())
    assert page.evaluate("window.shown") == [], "the chip is in sight"
    page.get_by_role("button", name="Dismiss Blog post").click()
    page.evaluate("window.away = true")
    run = rows.add()
    end(page, rows, run)
    [[words, tag]] = page.evaluate("window.shown")
    assert (words, tag.replace("-", "")) == ("Blog post ready.", run)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert complaints == []
