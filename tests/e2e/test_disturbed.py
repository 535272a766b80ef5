"""What people do to pages: they press twice, go back, reload, are signed out, and send too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chaos.stack import Stack, stack
from tests.e2e.scene import PASSWORD, Scene
from tests.e2e.web import Web

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
POST = re.compile(r"/posts/[0-9a-f-]{36}/$")
TOO_MUCH = "x" * 1_500_000


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Nothing here has to end: the model takes its time."""
    with stack(tmp_path_factory.mktemp("disturbed"), tokens_per_second=0.5) as made:
        made.provider.pace(plain=0)
        yield made


@pytest.fixture
def person(browser: Browser, s: Stack) -> Iterator[Page]:
    """Newly signed up, so that their runs are the only ones there are."""
    context = browser.new_context(base_url=s.url)
    page = context.new_page()
    page.goto("/accounts/signup/?next=/posts/new/")
    page.get_by_label("Email").fill(f"p{id(page)}@example.org")
    for label in ("Password", "Password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_label("Topic")).to_be_focused()
    yield page
    context.close()


@pytest.fixture
def owner(browser: Browser, web: Web, scene: Scene) -> Iterator[Page]:
    context = browser.new_context(base_url=web.url)
    context.add_cookies([{"name": "sessionid", "value": scene.owner, "url": web.url}])
    yield context.new_page()
    context.close()


def run_of(page: Page) -> str:
    return str(page.locator("[data-run]").get_attribute("data-run"))


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


# --- Twice ------------------------------------------------------------------------------------


def test_pressed_twice_it_starts_once_and_stops_once(person: Page, s: Stack) -> None:
    person.get_by_label("Topic").fill("Twice")
    person.get_by_role("button", name="Start").dblclick()
    expect(person).to_have_url(POST)
    expect(person.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    run = run_of(person)
    person.goto("/runs/")
    expect(person.locator(".rows > li")).to_have_count(1)
    person.goto(f"/runs/{run}/")
    person.get_by_role("button", name="Stop", exact=True).dblclick()
    expect(person.locator("[data-run]")).to_have_attribute("data-status", "cancelled")
    assert [event.kind for event in s.log(run)].count("run.cancelled") == 1


def test_keys_start_it_and_stop_it_after_going_back_and_forward(person: Page) -> None:
    person.get_by_label("Topic").fill("Again")
    person.keyboard.press("Control+Enter")
    expect(person).to_have_url(POST)
    expect(person.locator("[data-run]")).to_be_visible()
    first = person.url
    person.go_back()
    expect(person.get_by_role("heading", name="New post")).to_be_visible()
    person.go_forward()
    expect(person).to_have_url(first)
    expect(person.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    person.keyboard.press(".")
    expect(person.locator("[data-post]")).to_contain_text("You stopped this run.")


# --- Signed out -------------------------------------------------------------------------------


def test_signed_out_in_mid_run_one_comes_back_to_the_same_place(person: Page) -> None:
    email = str(person.locator(".who").text_content())
    person.get_by_label("Topic").fill("Away")
    person.get_by_role("button", name="Start").click()
    expect(person.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    place = person.url
    person.context.clear_cookies()
    person.reload()
    sign_in(person, email)
    expect(person).to_have_url(place)
    expect(person.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    person.context.clear_cookies()
    person.get_by_role("button", name="Stop", exact=True).click()
    expect(person.get_by_role("heading", name="This page was too old to act on")).to_be_visible()


def test_a_socket_that_ends_offers_the_door(
    context: BrowserContext, page: Page, scene: Scene, web: Web
) -> None:
    context.add_cookies([{"name": "sessionid", "value": scene.owner, "url": web.url}])
    page.goto(f"/runs/{scene.runs['running']}/")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    place = page.url
    context.clear_cookies(name="sessionid")
    page.evaluate("sockets.forEach((one) => one.close())")
    expect(page.locator("#run-notice")).to_contain_text("You are signed out")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page, "plain@example.org")
    expect(page).to_have_url(place)


def test_stop_without_a_session_leads_to_the_door(
    context: BrowserContext, page: Page, scene: Scene, web: Web
) -> None:
    context.add_cookies([{"name": "sessionid", "value": scene.owner, "url": web.url}])
    page.goto(f"/runs/{scene.runs['running']}/")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    place = page.url
    context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Stop", exact=True).click()
    sign_in(page, "plain@example.org")
    expect(page).to_have_url(place)


def test_what_was_typed_is_there_after_signing_in_again(owner: Page, scene: Scene) -> None:
    """Also over a text that is saved already, until it is dropped."""
    owner.goto("/posts/new/")
    owner.get_by_label("Topic").fill("Kept")
    owner.get_by_label("Your notes").fill("Mine.")
    owner.context.clear_cookies(name="sessionid")
    owner.get_by_role("button", name="Start").click()
    sign_in(owner, "plain@example.org")
    expect(owner.get_by_label("Topic")).to_have_value("Kept")
    expect(owner.get_by_label("Your notes")).to_have_value("Mine.")

    edit, back = f"/posts/{scene.posts['failed']}/edit/", owner.get_by_text("is not saved yet")
    owner.goto(edit)
    text = owner.get_by_label("Text")
    saved = text.input_value()
    owner.context.clear_cookies(name="sessionid")
    with owner.expect_response("**/preview/") as previewed:
        text.fill("Another.")
    assert previewed.value.status == 204
    expect(owner.locator("#preview")).to_be_visible()
    owner.get_by_role("button", name="Save").click()
    sign_in(owner, "plain@example.org")
    expect(text).to_have_value("Another.")
    expect(back).to_be_visible()
    expect(owner.locator("#preview")).to_contain_text("Another.")
    owner.get_by_role("button", name="Take the saved text").click()
    expect(text).to_have_value(saved)
    owner.reload()
    expect(text).to_have_value(saved)
    expect(back).to_be_hidden()


# --- Too much, too often ----------------------------------------------------------------------


def test_too_much_is_refused_in_words_and_kept(owner: Page) -> None:
    owner.goto("/posts/new/")
    owner.get_by_label("Topic").fill("Too much")
    owner.get_by_label("Your notes").fill(TOO_MUCH)
    owner.get_by_role("button", name="Start").click()
    expect(owner.get_by_role("heading", name="That was too much at once")).to_be_visible()
    owner.go_back()
    expect(owner.get_by_label("Topic")).to_have_value("Too much")
    assert len(owner.get_by_label("Your notes").input_value()) == len(TOO_MUCH)


def test_too_often_is_refused_in_words(owner: Page) -> None:
    owner.context.clear_cookies()
    for _ in range(6):
        owner.goto("/accounts/password/reset/")
        owner.get_by_label("Email").fill("often@example.org")
        owner.get_by_role("button", name="Send the link").click()
    expect(owner.get_by_role("heading", name="That was a little too often")).to_be_visible()
    expect(owner.get_by_text("Wait 60 minutes, then do it again.")).to_be_visible()


# --- Back, forward, again ---------------------------------------------------------------------


def test_every_page_stands_back_forward_and_reload(owner: Page, scene: Scene) -> None:
    said: list[str] = []
    owner.on("pageerror", lambda error: said.append(str(error)))
    owner.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    post = f"/posts/{scene.posts['completed']}/"
    paths = ["/", "/posts/", "/posts/new/", post, f"{post}edit/", f"{post}revisions/"]
    paths += [
        f"{post}revisions/1/",
        f"{post}deletion/",
        "/runs/",
        "/accounts/",
        "/accounts/tokens/",
    ]
    paths += [f"/runs/{scene.runs['running']}/", f"/runs/{scene.runs['running']}/trace/"]
    seen = []
    for path in paths:
        owner.goto(path)
        seen.append(owner.locator("h1").inner_text())
        owner.reload()
        expect(owner.locator("h1")).to_have_text(seen[-1])
    for heading in reversed(seen[:-1]):
        owner.go_back()
        expect(owner.locator("h1")).to_have_text(heading)
    for heading in seen[1:]:
        owner.go_forward()
        expect(owner.locator("h1")).to_have_text(heading)
    assert said == []
