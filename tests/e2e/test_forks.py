"""Going on with a post in a real browser: one section anew, and a stopped post resumed without
JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chaos import people
from tests.chaos.stack import Stack, stack
from tests.e2e.test_posts import POST, WRITTEN_MS, write

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("forks"), latency=0.05) as made:
        yield made


@pytest.fixture(params=[True, False], ids=["with JS", "without JS"])
def owner(browser: Browser, s: Stack, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=s.url, java_script_enabled=request.param)
    made.add_cookies([{"name": "sessionid", "value": people.owner(s), "url": s.url}])
    yield made
    made.close()


def texts(page: Page) -> list[str]:
    return page.locator("[data-section]").all_inner_texts()


def test_one_section_is_written_anew(owner: BrowserContext, s: Stack) -> None:
    page = owner.new_page()
    write(page)
    place, before, asked = page.url, texts(page), len(s.provider.calls())
    page.get_by_role("link", name="Rewrite").nth(1).click()
    page.get_by_label("What should be different?").fill("Shorter")
    page.get_by_role("button", name="Write it anew").dblclick()
    expect(page).to_have_url(place)
    expect(page.locator("[data-post]")).to_be_visible(timeout=WRITTEN_MS)
    after = texts(page)
    assert [n for n, text in enumerate(after) if text != before[n]] == [1]
    assert len(after[1]) < len(before[1])
    assert len(s.provider.calls()) - asked <= 4
    expect(page.get_by_role("link", name="Version 2")).to_be_visible()


def test_a_stopped_post_is_resumed(owner: BrowserContext, s: Stack) -> None:
    s.provider.pace(plain=1)
    page = owner.new_page()
    page.goto("/posts/new/?topic=Resumed")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(POST)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("[data-post]")).to_contain_text("You stopped this run.")
    place = page.url
    s.provider.pace(plain=0)
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page).to_have_url(place)
    expect(page.locator("[data-post]")).to_contain_text("min to read", timeout=WRITTEN_MS)
    # Its run leads back to the one that it goes on from.
    page.get_by_role("link", name="How it was written").click()
    expect(page.locator("main")).to_contain_text("Continues run")
