"""A person and their post in a real browser: from a topic to a text of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chaos import people
from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import notes
from tests.patience import patience

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
WRITTEN_MS = patience(90_000)
POST = re.compile(r"/posts/[0-9a-f-]{36}/$")


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("posts"), tokens_per_second=200) as made:
        yield made


@pytest.fixture
def owner(browser: Browser, s: Stack) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=s.url, accept_downloads=True)
    made.add_cookies([{"name": "sessionid", "value": people.owner(s), "url": s.url}])
    yield made
    made.close()


def write(page: Page, topic: str = "Ferries") -> None:
    """Start a post and wait for its end."""
    page.goto("/posts/new/")
    page.get_by_label("Topic").fill(topic)
    page.get_by_label("Your notes").fill(notes())
    page.get_by_label("Length").select_option("600")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(POST)
    expect(page.locator("[data-post]")).to_be_visible(timeout=WRITTEN_MS)


def test_what_was_typed_outlives_a_reload_and_a_file_joins_it(
    owner: BrowserContext, tmp_path: Path
) -> None:
    file = tmp_path / "more.md"
    file.write_text("From a file.")
    page = owner.new_page()
    page.goto("/posts/new/")
    page.get_by_label("Topic").fill("Kept")
    page.get_by_label("Your notes").fill("Typed.")
    page.get_by_label("Notes from a file").set_input_files(file)
    expect(page.get_by_label("Your notes")).to_have_value("Typed.\n\nFrom a file.")
    page.reload()
    expect(page.get_by_label("Topic")).to_have_value("Kept")
    expect(page.get_by_label("Your notes")).to_have_value("Typed.\n\nFrom a file.")


def test_who_goes_back_to_the_form_does_not_start_twice(owner: BrowserContext) -> None:
    page = owner.new_page()
    page.goto("/posts/new/")
    page.get_by_label("Topic").fill("Only once")
    page.get_by_label("Show me the outline first").check()
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(POST)
    place = page.url
    page.go_back()
    expect(page.get_by_label("Topic")).to_have_value("Only once")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(place)
    page.wait_for_load_state("load")  # its script lets the draft go
    page.goto("/posts/new/")
    expect(page.get_by_label("Topic")).to_have_value("")


def test_two_tabs_preview_versions_download_and_deletion(owner: BrowserContext, s: Stack) -> None:
    page = owner.new_page()
    write(page)
    place = page.url
    page.get_by_role("link", name="Edit").click()
    other = owner.new_page()
    other.goto(f"{place}edit/")
    page.get_by_label("Text").fill("# Mine\n\n## One\n\nIt is *mine*.\n")
    expect(page.locator("#preview em")).to_have_text("mine")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-section] em")).to_have_text("mine")
    other.get_by_label("Text").fill("Theirs.")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("Nothing is overwritten")
    expect(other.get_by_label("Text")).to_have_value("Theirs.")
    page.get_by_role("link", name="Version 2").click()
    page.get_by_role("link", name="Version 2").click()
    expect(page.locator(".diff .come").last).to_contain_text("It is *mine*.")
    page.goto(place)
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    assert "It is *mine*." in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete everything").click()
    expect(page).to_have_url(f"{s.url}/posts/")
    answer = page.goto(place)
    assert answer is not None
    assert answer.status == 404


def test_a_stopped_post_keeps_what_was_written(owner: BrowserContext, s: Stack) -> None:
    s.provider.pace(plain=1)
    page = owner.new_page()
    page.goto("/posts/new/?topic=Stopped")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    s.provider.pace(plain=0)
    expect(page.locator("[data-post]")).to_contain_text("You stopped this run.")
    page.goto("/posts/")
    expect(page.locator(".posts li").first).to_contain_text("stopped")


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_is_wider_than_the_screen(owner: BrowserContext, width: int) -> None:
    page = owner.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/posts/", "/posts/new/", "/runs/", "/usage/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
