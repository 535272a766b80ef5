"""Somebody comes, makes an account, uses all of it and deletes it: in a real browser, with and
without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.web import Web

pytestmark = pytest.mark.e2e
FIRST, SECOND = "correct horse battery", "another good password"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def visitor(browser: Browser, web: Web, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=web.url, java_script_enabled=request.param)
    yield made
    made.close()


def sign_up(page: Page, email: str, query: str = "") -> None:
    page.goto(f"/accounts/signup/{query}")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(FIRST)
    page.get_by_label("Password again").fill(FIRST)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()


def from_menu(page: Page, name: str) -> None:
    page.locator("summary", has_text="Account menu").click()
    page.locator(".menu-list").get_by_text(name, exact=True).click()


def new_password(page: Page) -> None:
    page.get_by_role("link", name="Change the password").click()
    page.get_by_label("Present password").fill(FIRST)
    page.get_by_label("New password", exact=True).fill(SECOND)
    page.get_by_label("New password again").fill(SECOND)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")


def token_made_and_revoked(page: Page) -> str:
    from_menu(page, "API tokens")
    page.get_by_label("Name").fill("Nightly report")
    page.get_by_label("Start runs").check()
    page.get_by_role("button", name="Make the token").click()
    token = page.locator("[data-token]").inner_text()
    assert page.request.get("/api/runs", headers=bearer(token)).status == 200
    page.get_by_role("button", name="Revoke Nightly report").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")
    expect(page.get_by_text("No tokens yet")).to_be_visible()
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def delete(page: Page, password: str) -> None:
    page.goto("/accounts/delete/")
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Delete everything").click()


def test_an_account_from_its_beginning_to_its_end(visitor: BrowserContext, web: Web) -> None:
    page = visitor.new_page()
    email = f"grace{id(visitor)}@example.org"
    sign_up(page, email, "?next=/accounts/")
    expect(page).to_have_url(f"{web.url}/accounts/")
    new_password(page)
    token = token_made_and_revoked(page)
    assert page.request.get("/api/runs", headers=bearer(token)).status == 401
    from_menu(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(SECOND)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    delete(page, "wrong")
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    delete(page, SECOND)
    expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    page.goto("/accounts/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_menu_closes_by_escape_and_gives_the_focus_back(
    browser: Browser, web: Web, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto("/accounts/")
    summary = page.locator("summary", has_text="Account menu")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="API tokens", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    expect(summary).to_be_focused()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_screen_and_none_breaks_the_policy(
    context: BrowserContext, complaints: list[str], page: Page, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in ("", "password/", "email/", "tokens/", "delete/", "deleted/", "password/reset/"):
        page.goto(f"/accounts/{path}")
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (path, wider <= 0) == (path, True)
        assert page.evaluate("window.refused") == []
    assert complaints == []
