"""From a pasted address to a post that cites the site, on a whole installation: the real crawl, the
offline model, and a site on this machine. ROOMS=120 makes it a large one, whose post is begun while
the pages after the twentieth are read.

SCREENSHOTS=folder keeps a picture of every station, wide and narrow, light and dark.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import sinks
from tests.e2e.axe import looked_at, told
from tests.e2e.installation import Installation, installation
from tests.e2e.loopback import PUBLIC, Museum, html, museum
from tests.patience import patience
from tests.runs.render.dom import parse

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
ROOMS = int(os.environ.get("ROOMS") or 8)
FIRST = 20 if ROOMS >= 40 else 1  # pages that are read when the post is begun
SOON_MS, READ_MS = patience(20_000), patience(15_000 + 4_000 * ROOMS)
POST = re.compile(r"/posts/[0-9a-f-]{36}/$")


@pytest.fixture(scope="module")
def site() -> Iterator[Museum]:
    with museum(ROOMS) as server:
        yield server


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, site: Museum) -> Iterator[Installation]:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("GX_FETCH_ALLOW", f"{PUBLIC}/32:{site.server_port}")
        environ.setenv("GX_HOST_DELAY_SECONDS", "1")
        with installation(tmp_path_factory.mktemp("onboarding"), speed=2000) as it:
            yield it


@pytest.fixture
def page(browser: Browser, up: Installation) -> Iterator[Page]:
    context = browser.new_context(base_url=up.url)
    page, said = context.new_page(), list[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    yield page
    context.close()
    assert said == []


def text(html: str) -> str:
    """What a reader of the page reads."""
    return parse(html.partition("<main>")[2].partition("</main>")[0]).text


def found(up: Installation, words: str) -> list[str]:
    """Where an installation has these words: in a table, a key or a file."""
    kept = dict(
        line.split("=", 1) for line in (up.var / "run.env").read_text().split() if "=" in line
    )
    server = SimpleNamespace(url=kept["REDIS_URL"].strip("\"'"))
    env = {"DATABASE_URL": f"sqlite:///{up.var}/db.sqlite3"}
    return sinks.found(SimpleNamespace(folder=up.var, server=server, env=env), words)  # type: ignore[arg-type]


def sign_up(page: Page, url: str) -> None:
    page.goto("/")
    page.get_by_label("The address of your site").fill(url)
    page.get_by_role("button", name="Start").click()
    page.get_by_label("Email").fill("museum@example.org")
    page.get_by_label("Password", exact=True).fill("a long enough password")
    page.get_by_label("Password again").fill("a long enough password")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()


def test_from_an_address_to_a_post_that_cites_it(
    page: Page, up: Installation, site: Museum
) -> None:
    wrong: list[str] = []
    sign_up(page, site.url)
    began = time.monotonic()
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("[data-run]")).to_be_visible()
    print(f"page {time.monotonic() - began:.2f} s after Read it")
    expect(page.locator(".site-card")).to_contain_text("since 1086", timeout=SOON_MS)
    print(f"card {time.monotonic() - began:.2f} s")
    place = page.url
    first = page.locator("#profile a.main")
    expect(first).to_be_visible(timeout=SOON_MS)
    print(f"profile {time.monotonic() - began:.2f} s")
    expect(page.locator("h1")).to_have_text("Eling Tide Mill")
    done = page.locator('#steps-read_page [data-state="done"]')
    expect(done.nth(FIRST - 1)).to_be_attached(timeout=SOON_MS + 2_000 * FIRST)
    # So that it is still being read however slow this machine is now.
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=SOON_MS)
    read = done.count()
    print(f"paused {time.monotonic() - began:.2f} s, {read} pages")
    assert page.locator("[data-run]").get_attribute("data-status") == "running"
    wrong += looked_at(page, "onboarding, reading")
    first.click()
    page.get_by_label("Topic").fill("What was mended at the tide mill")
    page.get_by_label("Length").select_option("600")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(POST)
    post = page.url
    page.goto(f"{place}#pages")
    known = done.evaluate_all("all => all.map((one) => one.dataset.page)")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Read again")).to_be_visible(timeout=READ_MS)
    print(f"read {time.monotonic() - began:.2f} s, {len(site.asked)} requests")
    assert len(set(site.asked)) >= ROOMS > read
    facts = page.locator(".facts-found blockquote").all_text_contents()
    assert len(facts) >= ROOMS
    said = " ".join(" ".join(text(html(n, ROOMS)).split()) for n in range(ROOMS + 1))
    assert [one for one in facts if one not in said] == []
    wrong += looked_at(page, "onboarding, finished")
    assert found(up, "village carpenter"), "it would be seen"
    page.goto(post)
    expect(page.locator("[data-post]")).to_be_visible(timeout=4 * SOON_MS)
    links = page.locator('.source-from a[href^="http"]')
    expect(links.first).to_be_attached()
    cited = {str(one.get_attribute("href")) for one in links.all()}
    print(f"cites {len(cited)} of {len(known)} pages")
    assert cited <= set(known)
    assert len(cited) > 1 or FIRST == 1
    wrong += looked_at(page, "onboarding, post")
    assert told(wrong) == ""
    for made in (post, place):
        page.goto(f"{made}deletion/")
        page.get_by_role("button", name="Delete everything").click()
        expect(page.locator(".message")).to_contain_text("is deleted")
    assert found(up, "village carpenter") == []
