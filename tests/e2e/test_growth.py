"""Long blocks that grow side by side are, in a browser's own tree, what a reload shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from redis import Redis

from tests.e2e.web import Web
from tests.runs.render.blocks import LONG
from tests.runs.writer import ROOT, Writer, done, opened, wrote
from workflows.wire.events import RunCompleted

pytestmark = pytest.mark.e2e

DELTA = 37
SHOWN = """all => all.map((element) => {
  const copy = element.cloneNode(true);
  copy.normalize();
  return [...copy.children].map((part) => part.innerHTML).join("");
})"""


def sections(page: Page) -> list[str]:
    return list(page.locator("[data-section]").evaluate_all(SHOWN))


def test_a_block_that_grew_is_the_block_of_a_reload(
    context: BrowserContext, page: Page, web: Web, redis: Redis, complaints: list[str]
) -> None:
    run = Writer(redis, web.add_run()).begin()
    texts = [text[:2500] + "😀 *a*" for text in LONG.values()]
    paths = [f"{ROOT}/write_section[{n}]" for n in range(len(texts))]
    run.say(*[opened(path) for path in paths])
    page.goto(f"/runs/{run.run}/")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    page.evaluate("""() => {
      window.edits = 0;
      document.addEventListener("htmx:oobBeforeSwap", () => { window.edits += 1; });
    }""")
    for at in range(0, max(map(len, texts)), DELTA):
        pieces = [text[at : at + DELTA] for text in texts]
        run.say(*[wrote(paths[n], f"section-{n + 1}", at, p) for n, p in enumerate(pieces) if p])
        expect(page.locator("[data-run]")).to_have_attribute("data-cursor", str(run.tip))
    assert page.evaluate("window.edits") > max(map(len, texts)) / DELTA
    late = context.new_page()
    late.goto(f"/runs/{run.run}/")
    for grown, whole in zip(sections(page), sections(late), strict=True):
        assert grown == whole
    run.say(*[done(path) for path in paths], done(ROOT), RunCompleted({}))
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "completed")
    assert complaints == []
