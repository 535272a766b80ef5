"""The outline is shaped in a real browser: with a script, and without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chaos import people
from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import notes
from tests.chaos.waiting import until
from tests.patience import patience

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.timeout(900)]
SOON_MS = patience(15_000)
MY_OWN = "What I always wanted to say"


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("outline"), latency=0.02) as made:
        yield made


def opened(browser: Browser, s: Stack, *, scripted: bool = True) -> tuple[Page, str]:
    """The page of a run that waits for a look at its outline."""
    context = browser.new_context(base_url=s.url, java_script_enabled=scripted)
    context.add_cookies([{"name": "sessionid", "value": people.owner(s), "url": s.url}])
    page = context.new_page()
    run = s.begin(notes=notes(), words=800, review_outline=True)
    if not scripted:
        until(lambda: s.run(run)["status"] == "waiting", 30, what="the question")
    page.goto(f"/runs/{run}/")
    return page, run


def headings(s: Stack, run: str) -> list[str]:
    found = s.ended(run)
    assert found["status"] == "completed", found
    return [section["heading"] for section in found["output"]["sections"]]


def completed(page: Page) -> None:
    run = page.locator("[data-run]")
    expect(run).to_have_attribute("data-status", "completed", timeout=6 * SOON_MS)


def test_an_outline_is_shaped_and_the_clock_stops_at_the_first_touch(
    browser: Browser, s: Stack
) -> None:
    page, run = opened(browser, s)
    form = page.locator("form.answer")
    expect(form).to_be_visible(timeout=2 * SOON_MS)
    expect(page.locator("#run-countdown")).to_contain_text("goes on by itself in")
    rows = form.locator("[data-row]")
    was = [rows.nth(n).locator("[name$='.heading']").input_value() for n in range(rows.count())]
    rows.nth(0).locator("[name$='.heading']").fill("Renamed")
    expect(page.locator("#run-countdown")).to_be_hidden(timeout=SOON_MS)
    assert s.run(run)["waiting"]["until"] is None
    expect(rows.nth(0).locator("[name$='.heading']")).to_have_value("Renamed")
    rows.nth(0).locator("[name$='.heading']").press("Alt+ArrowDown")
    rows.nth(2).locator("[name$='._delete']").check()
    form.get_by_role("button", name="Add one").click()
    new = form.locator("[data-row]").last.locator("[name$='.heading']")
    expect(new).to_have_value("", timeout=SOON_MS)
    new.fill("  ")  # the browser lets it through, we do not
    form.get_by_role("button", name="Continue").click()
    expect(new).to_have_attribute("aria-invalid", "true", timeout=SOON_MS)
    new.fill(MY_OWN)
    new.press("Control+Enter")
    completed(page)
    assert headings(s, run) == [was[1], "Renamed", *was[3:], MY_OWN]
    page.context.close()


def test_it_works_without_a_script(browser: Browser, s: Stack) -> None:
    page, run = opened(browser, s, scripted=False)
    page.get_by_role("link", name="Answer").click()
    page.get_by_role("button", name="Take my time").click()
    until(lambda: s.run(run)["waiting"]["until"] is None, 10, what="the clock is held")
    page.get_by_role("button", name="Add one").click()
    page.locator("[name$='.heading']").last.fill(MY_OWN)
    page.locator("[name$='._place']").last.fill("0.5")
    page.get_by_role("button", name="Continue").click()
    assert page.url.endswith(f"/runs/{run}/")
    assert headings(s, run)[0] == MY_OWN
    page.context.close()


def test_an_untouched_outline_goes_on_by_itself(browser: Browser, s: Stack) -> None:
    page, run = opened(browser, s)
    expect(page.locator("form.answer")).to_be_visible(timeout=2 * SOON_MS)
    completed(page)
    expect(page.locator("form.answer")).to_be_hidden()
    [answered] = [e for e in s.events(run) if e["kind"] == "run.answered"]
    assert answered["data"]["by"] == "timeout"
    page.context.close()


def test_finish_now_skips_the_review(browser: Browser, s: Stack) -> None:
    page, run = opened(browser, s)
    expect(page.locator("form.answer")).to_be_visible(timeout=2 * SOON_MS)
    page.get_by_role("button", name="Finish now").click()
    completed(page)
    assert not [event for event in s.events(run) if event["kind"] == "run.answered"]
    page.context.close()
