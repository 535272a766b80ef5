"""What models and people write does nothing in a browser, on any page: also where the second lock,
the policy, is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from redis import Redis

from tests.e2e.scene import Scene, fill
from tests.e2e.web import Web
from tests.e2e.words import ALL, HOSTILE
from tests.payloads import MARKDOWN
from tests.runs.writer import Writer
from workflows.wire.events import Error, RunFailed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

# Whatever waits for a reader's hand is given it; then, what could act and should not be there.
PROVOKE = """() => {
  const wrong = [];
  for (const at of document.querySelectorAll("*")) {
    for (const kind of ["mouseover", "mouseenter", "focus", "toggle", "load", "error", "click"])
      at.dispatchEvent(new Event(kind));
    for (const {name, value} of at.attributes) {
      if (/^on|^srcdoc$|^ping$/i.test(name)) wrong.push(at.outerHTML.slice(0, 200));
      if (/^(data-)?hx-/.test(name) && at.closest("[hx-disable]") && name !== "hx-disable")
        wrong.push(at.outerHTML.slice(0, 200));
      if (/^(href|src|action|formaction|xlink:href|data)$/.test(name) &&
          !/^(https?:|mailto:|data:image|[/?#]|$)/.test(value)) wrong.push(`${name}=${value}`);
    }
    if (/^(iframe|object|embed|base|math|template|frame)$/i.test(at.localName))
      wrong.push(at.outerHTML.slice(0, 200));
  }
  return wrong;
}"""


@dataclass
class Trap:
    """All that happened in a browser which should not have."""

    context: BrowserContext
    home: str
    sprung: list[Any] = field(default_factory=list)

    def set(self) -> Trap:
        self.context.expose_function("fired", lambda what: self.sprung.append(what))
        self.context.on("request", lambda request: self._asked(request.url))
        self.context.on("dialog", lambda dialog: self.sprung.append(dialog.message))
        self.context.on("console", lambda said: self._heard(said.text))
        return self

    def _asked(self, url: str) -> None:
        ours = url.startswith((self.home, "data:", "file:", "blob:"))
        if not ours or "/accounts/logout/" in url or url.endswith("/x"):
            self.sprung.append(url)

    def _heard(self, said: str) -> None:
        if "Content Security Policy" in said:
            self.sprung.append(said)

    def look(self, page: Page, path: str) -> None:
        page.goto(path)
        self.sprung += [f"{path}: {one}" for one in page.evaluate(PROVOKE)]


@pytest.fixture(params=[False, True], ids=["as it is", "without the policy"])
def trap(
    browser: Browser, web: Web, hostile: Scene, request: pytest.FixtureRequest
) -> Iterator[Trap]:
    made = browser.new_context(base_url=web.url, bypass_csp=request.param)
    made.add_cookies([{"name": "sessionid", "value": hostile.owner, "url": web.url}])
    yield Trap(made, web.url).set()
    made.close()


def test_the_trap_springs(browser: Browser, web: Web) -> None:
    """Where nothing is cleaned the same words do act."""
    bare = browser.new_context(base_url=web.url)
    trap, page = Trap(bare, web.url).set(), bare.new_page()
    page.set_content("".join(MARKDOWN[:27]), wait_until="commit")
    page.evaluate(PROVOKE)
    assert 1 in trap.sprung
    assert any(str(one).startswith("http://127.0.0.1:9/") for one in trap.sprung)
    bare.close()


def test_on_every_page(trap: Trap, hostile: Scene) -> None:
    page = trap.context.new_page()
    said = quote(ALL[:600])
    runs, posts = hostile.runs.values(), hostile.posts.values()
    places = [
        "/",
        "/posts/",
        "/runs/",
        f"/runs/?q={said}",
        "/accounts/tokens/",
        "/accounts/delete/",
    ]
    places += [f"/posts/new/?topic={said}&notes={said}", f"/nowhere/{quote(MARKDOWN[0])}/"]
    places += [f"/runs/{id}/{more}" for id in runs for more in ("", "trace/")]
    places += [f"/posts/{id}/" for id in posts] + [f"/runs/{hostile.runs['waiting']}/answers/"]
    for name in ("edited", "failed"):
        post = f"/posts/{hostile.posts[name]}"
        places += [
            f"{post}/{more}" for more in ("edit/", "deletion/", "revisions/", "revisions/1/")
        ]
    post = f"/posts/{hostile.posts['completed']}"
    places += [hostile.links["shared"], f"{post}/sections/1/why/", f"{post}/sections/1/"]
    for place in places:
        trap.look(page, place)
    assert trap.sprung == []
    page.goto("/")
    expect(page.locator("summary", has_text="Account menu")).to_be_visible()


def test_while_it_is_written(trap: Trap, web: Web, redis: Redis) -> None:
    """Over the socket, the second section a few characters at a time."""
    trap.context.add_cookies([{"name": "sessionid", "value": web.session, "url": web.url}])
    run, page = Writer(redis, web.add_run()).begin(), trap.context.new_page()
    page.goto(f"/runs/{run.run}/")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    fill(run, HOSTILE).say(RunFailed(Error("internal", ALL)))
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "failed")
    assert page.locator("[data-section]").nth(1).text_content()
    trap.sprung += page.evaluate(PROVOKE)
    assert trap.sprung == []


def test_in_a_preview_and_in_what_is_taken_away(trap: Trap, hostile: Scene, tmp_path: Path) -> None:
    page = trap.context.new_page()
    post = f"/posts/{hostile.posts['edited']}"
    page.goto(f"{post}/edit/")
    page.get_by_label("Text").fill(f"## {MARKDOWN[0]}\n\n{HOSTILE.text}\n\nThe end.")
    page.get_by_label("Description").fill(MARKDOWN[3])
    expect(page.locator("#preview")).to_contain_text("The end.")
    trap.sprung += page.evaluate(PROVOKE)
    page.goto(post + "/")
    with page.expect_download() as download:
        page.get_by_role("link", name="HTML", exact=True).click()
    taken = tmp_path / "taken.html"
    download.value.save_as(taken)
    page.goto(f"file://{taken}")
    trap.sprung += page.evaluate(PROVOKE)
    assert trap.sprung == []
