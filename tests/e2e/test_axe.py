"""Every page in every state, wide and narrow, light and dark: axe finds nothing serious in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.axe import looked_at, told
from tests.e2e.scene import Scene
from tests.e2e.web import Web

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def anybody(browser: Browser, web: Web) -> Iterator[Page]:
    yield from tab(browser, web)


@pytest.fixture
def owner(browser: Browser, web: Web, scene: Scene) -> Iterator[Page]:
    yield from tab(browser, web, scene.owner)


@pytest.fixture
def newcomer(browser: Browser, web: Web, scene: Scene) -> Iterator[Page]:
    yield from tab(browser, web, scene.newcomer)


def tab(browser: Browser, web: Web, session: str = "") -> Iterator[Page]:
    context: BrowserContext = browser.new_context(base_url=web.url, reduced_motion="reduce")
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    yield context.new_page()
    context.close()


def walk(page: Page, paths: dict[str, str]) -> list[str]:
    wrong = []
    for name, path in paths.items():
        page.goto(path)
        wrong += looked_at(page, name)
    return wrong


def test_what_everybody_sees(anybody: Page, scene: Scene) -> None:
    paths = {
        "home, signed out": "/",
        "sample": "/sample/",
        "sign up": "/accounts/signup/?next=/posts/new/",
        "sign in": "/accounts/login/?next=/posts/",
        "reset": "/accounts/password/reset/",
        "reset sent": "/accounts/password/reset/sent/",
        "reset link": scene.links["reset"],
        "reset link, stale": scene.links["reset, stale"],
        "deleted": "/accounts/deleted/",
        "shared post": scene.links["shared"],
        "API": "/api/docs",
        "nowhere": "/nowhere/",
    }
    assert told(walk(anybody, paths)) == ""


def test_forms_that_were_refused(anybody: Page) -> None:
    wrong = []
    for path, button, fields in (
        ("/accounts/login/", "Sign in", {"email": "no@example.org", "password": "not this"}),
        (
            "/accounts/signup/",
            "Sign up",
            {"email": "a@b.example", "password1": "1", "password2": "2"},
        ),
    ):
        anybody.goto(path)
        for name, value in fields.items():
            anybody.locator(f'main [name="{name}"]').fill(value)
        anybody.get_by_role("main").get_by_role("button", name=button).click()
        expect(anybody.locator(".errorlist").first).to_be_visible()
        wrong += looked_at(anybody, f"{button}, refused")
    assert told(wrong) == ""


def test_error_pages(anybody: Page, scene: Scene) -> None:
    for code, html in scene.errors.items():
        anybody.route(f"**/wrong/{code}", answer(html))
    assert told(walk(anybody, {f"error {code}": f"/wrong/{code}" for code in scene.errors})) == ""


def answer(html: str) -> Callable[..., None]:
    return lambda route: route.fulfill(body=html, content_type="text/html")


def test_where_nothing_is_yet(newcomer: Page) -> None:
    paths = {
        "home, empty": "/",
        "posts, empty": "/posts/",
        "runs, empty": "/runs/",
        "usage, empty": "/usage/",
        "new post": "/posts/new/",
        "account": "/accounts/",
        "password": "/accounts/password/",
        "email": "/accounts/email/",
        "tokens, empty": "/accounts/tokens/",
        "delete account": "/accounts/delete/",
    }
    assert told(walk(newcomer, paths)) == ""


def test_lists_and_settings(owner: Page, scene: Scene) -> None:
    paths = {
        "home, signed in": "/",
        "posts": "/posts/",
        "runs": "/runs/",
        "usage": "/usage/",
        "runs, none like that": "/runs/?q=nothing+is+like+this",
        "tokens": "/accounts/tokens/",
        "email link": scene.links["address"],
        "email link, stale": scene.links["address, stale"],
    }
    assert told(walk(owner, paths)) == ""
    owner.locator("summary", has_text="Account menu").click()
    assert told(looked_at(owner, "account menu")) == ""


def test_runs_in_every_state(owner: Page, scene: Scene) -> None:
    paths = {f"run, {name}": f"/runs/{id}/" for name, id in scene.runs.items()}
    paths["replay"] = f"/runs/{scene.runs['completed']}/replay/?at=200"
    paths["delete run"] = f"/runs/{scene.runs['completed']}/deletion/"
    paths["answer"] = f"/runs/{scene.runs['waiting']}/answers/"
    assert told(walk(owner, paths)) == ""


def test_a_replay_that_is_moved(owner: Page, scene: Scene) -> None:
    owner.goto(f"/runs/{scene.runs['completed']}/replay/")
    expect(owner.get_by_role("button", name="Show")).to_be_hidden()
    slider, shown = owner.get_by_label("Moment"), owner.locator("#replayed")
    shown.evaluate("e => { e.firstElementChild.dataset.before = '' }")
    slider.fill("200")
    expect(owner.locator("[data-before]")).to_have_count(0)
    expect(shown).to_have_attribute("data-status", "completed")
    expect(shown.locator("[data-section]").first).not_to_be_empty()
    expect(owner).to_have_url(re.compile(r"\?at=200$"))


def test_traces(owner: Page, scene: Scene) -> None:
    wrong = []
    for name in ("queued", "running", "failed", "completed"):
        owner.goto(f"/runs/{scene.runs[name]}/trace/")
        owner.evaluate("document.querySelectorAll('.span').forEach((e) => { e.open = true; })")
        wrong += looked_at(owner, f"trace, {name}")
    assert told(wrong) == ""


def test_posts_in_every_state(owner: Page, scene: Scene) -> None:
    # While it is written it is a run's page.
    shown = [name for name in scene.posts if name not in {"queued", "taken up"}]
    paths = {f"post, {name}": f"/posts/{scene.posts[name]}/" for name in shown}
    post = f"/posts/{scene.posts['edited']}"
    paths |= {
        "edit": f"{post}/edit/",
        "versions": f"{post}/revisions/",
        "version 1": f"{post}/revisions/1/",
        "version 2": f"{post}/revisions/2/",
        "delete post": f"{post}/deletion/",
        "share": f"{post}/link/",
        "shared": f"/posts/{scene.posts['completed']}/link/",
        "rewrite": f"{post}/sections/1/",
        "why": f"{post}/sections/1/why/",
    }
    assert told(walk(owner, paths)) == ""


def test_a_new_post_refused_and_an_edit_in_conflict(owner: Page, scene: Scene) -> None:
    owner.goto("/posts/new/")
    owner.get_by_label("Your notes").fill("x" * 205_000)
    owner.get_by_label("Topic").fill("Too much")
    owner.get_by_role("button", name="Start").click()
    expect(owner.locator(".errorlist")).to_be_visible()
    wrong = looked_at(owner, "new post, refused")
    owner.goto(f"/posts/{scene.posts['edited']}/edit/")
    owner.evaluate("document.querySelector('[name=revision]').value = 1")
    owner.get_by_label("Text").fill("## Mine\n\nAnother text.\n")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_role("alert")).to_be_visible()
    assert told(wrong + looked_at(owner, "edit, conflict")) == ""


def test_the_reference_with_all_of_it_open(anybody: Page) -> None:
    anybody.goto("/api/docs")
    anybody.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    assert told(looked_at(anybody, "API, open")) == ""


def test_a_token_that_was_just_made(newcomer: Page) -> None:
    newcomer.goto("/accounts/tokens/")
    newcomer.get_by_label("Name").fill("Nightly report")
    newcomer.get_by_label("Start runs").check()
    newcomer.get_by_role("button", name="Make the token").click()
    expect(newcomer.locator("[data-token]")).to_be_visible()
    assert told(looked_at(newcomer, "token made")) == ""
