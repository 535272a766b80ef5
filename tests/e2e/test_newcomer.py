"""Somebody who has never been here gets from `make up` to a finished post by what the pages offer:
by pointing, by keys alone, and without JavaScript.

SCREENSHOTS=folder keeps a picture of every station, wide and narrow, light and dark.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.chaos.verdict import notes
from tests.e2e.axe import looked_at, told
from tests.e2e.hands import Hands, Keys, Mouse
from tests.e2e.installation import Installation, installation
from tests.patience import patience

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
WRITTEN_MS, FIVE_MINUTES = patience(120_000), 300
PAGE = "acme.example/about"
TOPIC = "What the Artistic License & its holders ask of you"
POST = re.compile(r"/posts/[0-9a-f-]{36}/$")
Look = Callable[[str], None]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("newcomer"), speed=80) as it:
        yield it


@pytest.fixture
def page(browser: Browser, up: Installation, request: pytest.FixtureRequest) -> Iterator[Page]:
    script = getattr(request, "param", True)
    context = browser.new_context(base_url=up.url, java_script_enabled=script)
    page, said = context.new_page(), list[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    yield page
    context.close()
    assert said == []


def nothing(station: str) -> None:
    """Nobody looks."""


def sign_up(by: Hands, email: str, look: Look = nothing) -> None:
    """From the first page, with an address that comes along."""
    page = by.page
    page.goto("/")
    look("1 first page")
    by.write(page.get_by_label("The address of your site"), PAGE)
    by.press(page.get_by_role("button", name="Start"))
    look("2 sign up")
    by.write(page.get_by_label("Email"), email)
    by.write(page.get_by_label("Password", exact=True), "a long enough password")
    by.write(page.get_by_label("Password again"), "a long enough password")
    by.press(page.get_by_role("main").get_by_role("button", name="Sign up"))
    expect(page.get_by_label("The address of your site")).to_have_value(PAGE)
    look("3 new site")
    by.press(page.get_by_role("link", name="skip", exact=True))
    expect(page.get_by_label("Pages to read")).to_be_visible()


def brief(by: Hands, look: Look = nothing) -> None:
    page = by.page
    look("4 new post")
    by.write(page.get_by_label("Topic"), TOPIC)
    by.write(page.get_by_label("Pages to read"), "")
    by.write(page.get_by_label("Your notes"), notes("Artistic"))
    by.choose(page.get_by_label("Length"), "Short, 600 words")
    look("4 new post, with notes")
    by.press(page.get_by_role("button", name="Start"))
    expect(page).to_have_url(POST)
    expect(page.locator("[data-run]")).to_be_visible()


def read_edit_and_take(by: Hands, look: Look = nothing) -> None:
    page = by.page
    expect(page.locator("[data-post]")).to_be_visible(timeout=WRITTEN_MS)
    expect(page.get_by_role("heading", level=1)).not_to_be_empty()
    look("6 finished post")
    by.press(page.get_by_role("link", name="Edit"))
    look("7 edit")
    text = page.get_by_label("Text")
    by.write(text, f"{text.input_value()}\n\n## My own words\n\nThey are *mine*.\n")
    by.press(page.get_by_role("button", name="Save"))
    expect(page.locator(".prose em", has_text="mine")).to_be_visible()
    look("8 edited post")
    with page.expect_download() as download:
        by.press(page.get_by_role("link", name="Markdown"))
    assert "They are *mine*." in Path(download.value.path()).read_text()


def test_by_pointing(page: Page) -> None:
    """Looked at all along: nothing is wider than the screen, and axe has nothing to say."""
    wrong: list[str] = []
    by, began = Mouse(page), time.monotonic()
    sign_up(by, "mouse@example.org", lambda name: wrong.extend(looked_at(page, name)))
    brief(by, lambda name: wrong.extend(looked_at(page, name)))
    expect(page.locator("[data-section] p").first).to_be_visible(timeout=WRITTEN_MS)
    with suppress(Error):  # on a slow machine the run, and the page with it, ends while we look
        wrong += looked_at(page, "5 live page")
    read_edit_and_take(by, lambda name: wrong.extend(looked_at(page, name)))
    assert time.monotonic() - began < FIVE_MINUTES
    assert told(wrong) == ""
    citation = page.locator('.prose a[href^="#source-"]').first
    card = page.locator(str(citation.get_attribute("href")))
    citation.hover()
    expect(card).to_have_class(re.compile(r"\blit\b"))


def test_by_keys_alone(page: Page) -> None:
    by = Keys(page)
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    sign_up(by, "keys@example.org")
    by.round()
    brief(by)
    read_edit_and_take(by)
    assert len(by.round()) > 10


@pytest.mark.parametrize("page", [False], indirect=True)
def test_without_javascript(page: Page) -> None:
    by = Mouse(page)
    sign_up(by, "still@example.org")
    brief(by)
    expect(page.locator("noscript p")).to_be_visible()
    page.reload()
    expect(page.locator("[data-run]")).to_be_visible()
    read_edit_and_take(by)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Text").fill("## One\n\n*Still.*\n")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview em")).to_have_text("Still.")
