"""A browser, and a web process for it to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import chromium
from tests.e2e.scene import Scene
from tests.e2e.web import Web, serving
from tests.patience import patience
from tests.valkey import Server, running

# Remembers sockets, so that a test can cut them, and what the policy refused.
SPY = """
window.sockets = [];
window.refused = [];
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...words) { super(...words); window.sockets.push(this); }
};
addEventListener("securitypolicyviolation", (event) => window.refused.push(event.blockedURI));
"""


# Not for the session: while Playwright is there its loop runs, and no other test can run one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None:
        pytest.skip("there is no Chromium")
    expect.set_options(timeout=patience(5_000))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=chromium.arguments())
        yield found
        found.close()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its own: the session's other one is emptied for tests of other folders, and with it the logs
    of the runs that these pages show."""
    with running(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey_server: Server) -> str:
    """Not emptied: pages show runs whose logs are there."""
    return valkey_server.url


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory, valkey_server: Server) -> Iterator[Web]:
    with serving(tmp_path_factory.mktemp("web"), valkey_server.url) as made:
        yield made


@pytest.fixture(scope="session")
def scene(web: Web) -> Scene:
    """Somebody with one of everything."""
    return furnished(web, "plain")


@pytest.fixture(scope="session")
def hostile(web: Web) -> Scene:
    """The same, all of it said by an attacker."""
    return furnished(web, "hostile")


def furnished(web: Web, kind: str) -> Scene:
    printed = web.python(f"from tests.e2e import scene; scene.main({kind!r})")
    return Scene(**json.loads(printed))


@pytest.fixture
def context(browser: Browser, web: Web) -> Iterator[BrowserContext]:
    """Signed in."""
    made = browser.new_context(base_url=web.url)
    made.add_cookies([{"name": "sessionid", "value": web.session, "url": web.url}])
    made.add_init_script(SPY)
    yield made
    made.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the console of any page said as an error."""
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Page:
    made = context.new_page()
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    return made
