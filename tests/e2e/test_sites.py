"""A site in a real browser: from a card to a finished profile, with a post begun on the way.

SCREENSHOTS=folder keeps a picture of every station, wide and narrow, light and dark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from redis import Redis

from tests.e2e.axe import looked_at, told
from tests.e2e.sites import CARD, PROFILE, SUGGESTIONS, Reading, Sites
from tests.e2e.web import Web
from workflows.wire import inbox
from workflows.wire.events import RunCompleted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def made(web: Web) -> Sites:
    return Sites(**json.loads(web.python("from tests.e2e import sites; sites.main()")))


@pytest.fixture
def page(browser: Browser, web: Web, made: Sites, request: pytest.FixtureRequest) -> Iterator[Page]:
    asked = getattr(request, "param", {})
    script = asked.get("script", True)
    context = browser.new_context(base_url=web.url, java_script_enabled=script)
    session = made.newcomer if asked.get("new") else made.owner
    context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    page, said = context.new_page(), list[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    yield page
    context.close()
    # What the browser itself says of a form that was refused is no mistake.
    assert [one for one in said if "status of 422" not in one] == []


def begun(redis: Redis, made: Sites, name: str) -> Reading:
    """The log that goes on where the scene left it."""
    reading = Reading(redis, made.runs[name])
    reading.tip = reading.tip.__class__(1, 1)
    return reading


def test_every_page_in_every_state(page: Page, made: Sites) -> None:
    wrong = []
    for name, path in {
        "sites": "/sites/",
        "new site": "/sites/new/",
        "site by hand": "/sites/by-hand/",
        **{f"site, {name}": f"/sites/{id}/" for name, id in made.sites.items() if name != "live"},
        "site's run": f"/runs/{made.runs['reading']}/",
        "delete site": f"/sites/{made.sites['ready']}/deletion/",
        "field": f"/sites/{made.sites['ready']}/fields/topics/",
        "new post from a site": f"/posts/new/?site={made.sites['ready']}",
    }.items():
        page.goto(path)
        page.set_viewport_size({"width": 1280, "height": 800})
        if page.locator(".read").count():
            page.locator(".read summary").last.click()
        wrong += looked_at(page, name)
        # On a phone, which is what it was looked at on last, its pages are a touch away.
        if tabs := page.locator(".tabs a").all():
            expect(page.locator("#pages")).to_be_hidden()
            tabs[-1].click()
            expect(page.locator("#pages")).to_be_in_viewport()
            expect(page.locator("#about")).to_be_hidden()
            if "reading" in name:
                wrong += looked_at(page, f"{name}, pages")
    assert told(wrong) == ""


@pytest.mark.parametrize("page", [{"new": True}], indirect=True)
def test_where_nothing_is_yet_and_an_address_is_bad(page: Page) -> None:
    page.goto("/sites/")
    wrong = looked_at(page, "sites, empty")
    page.get_by_role("link", name="Add your site").click()
    page.get_by_label("The address of your site").fill("localhost:8000")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator(".errorlist")).to_contain_text("may not be read from here")
    wrong += looked_at(page, "new site, refused")
    page.get_by_role("link", name="Tell it by hand").click()
    page.get_by_label("Name").fill("Mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")
    expect(page.get_by_role("link", name="Write your first post")).to_be_visible()
    assert told(wrong) == ""


def test_it_is_watched_used_and_edited_while_it_is_read(
    page: Page, made: Sites, redis: Redis
) -> None:
    site, reading = made.sites["live"], begun(redis, made, "live")
    page.goto(f"/sites/{site}/")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    expect(page.get_by_role("button", name="Write your first post")).to_be_disabled()
    reading.show(card=CARD)
    expect(page.locator(".site-card")).to_contain_text("ground by the moon")
    reading.show(profile=PROFILE)
    expect(page.get_by_role("link", name="Write your first post")).to_be_visible()
    expect(page.locator('[data-field="tone"]')).to_contain_text("a little proud")
    reading.show(suggestions=SUGGESTIONS).progress(0)
    expect(page.locator(".topics li")).to_have_count(3)
    reading.read(1).progress(1)
    expect(page.locator(".frontier-line")).to_contain_text("1/12 pages · 2 facts")
    expect(page.locator(".frontier")).to_contain_text("a page every 2 s")
    expect(page.locator('#steps-read_page [data-state="done"]')).to_have_count(1)
    renewed_twice(page, reading)
    # In place, while the reading finds something else.
    page.locator('[data-field="tone"]').get_by_role("link", name="Edit").click()
    page.get_by_label("Tone").fill("Dry as flour")
    later = PROFILE | {"tone": {"value": "Loud", "quote": "", "url": ""}}
    reading.show(profile=later).read(2)
    expect(page.locator('#steps-read_page [data-state="done"]')).to_have_count(2)
    expect(page.get_by_label("Tone")).to_have_value("Dry as flour")
    page.get_by_role("button", name="Save").click()
    expect(page.locator('[data-field="tone"][data-source="edited"]')).to_contain_text("Dry as")
    reading.show(profile=later | {"tone": {"value": "Louder", "quote": "", "url": ""}})
    proposal = page.locator('[data-proposal="tone"]')
    expect(proposal).to_contain_text("Louder")
    proposal.get_by_role("button", name="Dismiss").click()
    expect(proposal).to_have_count(0)
    expect(page.locator('[data-field="tone"]')).to_contain_text("Dry as flour")
    # Steered, and used.
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".htmx-request")).to_have_count(0)
    reading.progress(2, state="paused")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    assert [one.name for one in inbox.read(redis, reading.run).signals] == ["pause"]
    page.get_by_role("link", name=SUGGESTIONS[1]["topic"]).click()
    expect(page.get_by_label("Topic")).to_have_value(SUGGESTIONS[1]["topic"])
    expect(page.get_by_label("Your site")).to_have_value(site)
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile(r"/posts/[0-9a-f-]{36}/$"))
    page.goto(f"/sites/{site}/")
    expect(page.locator('#steps-read_page [data-state="done"]')).to_have_count(2)
    reading.say(RunCompleted({"note": "You stopped it."}))
    expect(page.get_by_role("button", name="Read again")).to_be_visible(timeout=15_000)
    expect(page.locator(".note")).to_contain_text("You stopped it.")


def renewed_twice(page: Page, reading: Reading) -> None:
    """The second time while the first answer is under way, which takes the part away."""
    held: list[Route] = []
    page.route("**/profile/", lambda route: held.append(route))
    find(page, reading, "Bakers")
    while not held:
        page.wait_for_timeout(20)
    answer = held[0].fetch()
    find(page, reading, "Millers")
    held[0].fulfill(response=answer)
    expect(page.locator('[data-field="audience"]')).to_contain_text("Bakers")
    while len(held) == 1:
        page.wait_for_timeout(20)
    held[1].continue_()
    expect(page.locator('[data-field="audience"]')).to_contain_text("Millers")
    page.unroute("**/profile/")


def find(page: Page, reading: Reading, audience: str) -> None:
    """And see that the page was told: that there is more, and not what."""
    told = page.locator("#look-profile [data-found]")
    told.evaluate("(one) => { one.dataset.old = true; }")
    reading.show(profile=PROFILE | {"audience": {"value": audience, "quote": "", "url": ""}})
    expect(told).not_to_have_attribute("data-old", "true")


@pytest.mark.parametrize("page", [{"script": False}], indirect=True)
def test_without_javascript(page: Page, made: Sites, redis: Redis) -> None:
    site, reading = made.sites["still"], begun(redis, made, "still")
    reading.show(card=CARD, profile=PROFILE).read(1).progress(1)
    page.goto(f"/sites/{site}/")
    expect(page.locator(".site-card")).to_contain_text("ground by the moon")
    page.get_by_role("button", name="Pause").click()
    expect(page).to_have_url(re.compile(f"/sites/{site}/$"))
    page.locator("summary", has_text="Add a page").click()
    page.get_by_label("Address of the page").fill("/pricing")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".message")).to_contain_text("It is read soon")
    assert [one.name for one in inbox.read(redis, reading.run).signals] == ["pause", "add"]
    page.locator('[data-field="audience"]').get_by_role("link", name="Edit").click()
    page.get_by_label("Audience").fill("Millers")
    page.get_by_role("button", name="Save").click()
    expect(page.locator('[data-field="audience"]')).to_contain_text("Millers")
    page.get_by_role("link", name="Write your first post").click()
    expect(page.get_by_label("Your site")).to_have_value(site)
