"""The live page in a real browser: exact, through reloads, cuts and a web process that dies."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from redis import Redis

from tests.e2e.web import Web
from tests.payloads import MARKDOWN
from tests.runs.writer import ROOT, Writer, done, opened, wrote
from tests.shown import shown
from workflows.wire.events import (
    Error,
    Log,
    Object,
    RunCompleted,
    RunFailed,
    RunStarted,
    Saved,
    SpanCompleted,
    Status,
    Usage,
)

pytestmark = pytest.mark.e2e

SECTIONS = 3
WORDS = [
    "Grüße",
    "&",
    "<b>plain</b>",
    "text,",
    "\r\nline",
    "two\n\n",
    "",
    "“quoted”",
    "日本語",
    "🎈",
]


def path(number: int) -> str:
    return f"{ROOT}/write_section[{number - 1}]"


def show(page: Page, run: Writer) -> None:
    page.goto(f"/runs/{run.run}/")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")


def texts(page: Page) -> list[str]:
    found = page.locator("[data-section]")
    return [str(text) for text in found.evaluate_all("all => all.map(e => e.textContent)")]


def outline() -> Object:
    return Object("outline", [{"heading": f"Heading {n}"} for n in range(1, SECTIONS + 1)])


class Author:
    """Writes all sections at once, a few words at a time, and remembers what they should say."""

    def __init__(self, run: Writer, seed: int) -> None:
        self.run, self.random = run, random.Random(seed)
        self.texts = [""] * SECTIONS

    def begin(self) -> None:
        numbers = range(1, SECTIONS + 1)
        self.run.say((ROOT, outline()), *[opened(path(number)) for number in numbers])

    def write(self) -> None:
        number = self.random.randrange(SECTIONS)
        delta = " ".join(self.random.choices(WORDS, k=3)) + " "
        at = len(self.texts[number])
        self.run.say(wrote(path(number + 1), f"section-{number + 1}", at, delta))
        self.texts[number] += delta

    def crash(self, attempt: int) -> None:
        """The worker died; the next one begins all sections anew."""
        self.run.start(attempt, RunStarted(f"w{attempt}", 1, "crashed"))
        self.begin()
        self.texts = [""] * SECTIONS

    def end(self) -> None:
        while not all(self.texts):
            self.write()
        self.run.say(*[done(path(number)) for number in range(1, SECTIONS + 1)], done(ROOT))
        self.run.say(RunCompleted({"sections": self.texts}))


@pytest.fixture
def run(web: Web, redis: Redis) -> Writer:
    return Writer(redis, web.add_run()).begin()


# The first seed has an attempt that begins with blanks.
@pytest.mark.parametrize("seed", [447190, random.randrange(10**6)])
def test_the_text_is_exact_through_everything(
    context: BrowserContext, page: Page, web: Web, run: Writer, seed: int, complaints: list[str]
) -> None:
    print(f"seed {seed}")
    author, dice = Author(run, seed), random.Random(seed)
    author.begin()
    show(page, run)
    page.evaluate(WATCH_EMPTY)
    events: list[Callable[[], object]] = [
        *[lambda: page.reload() and page.evaluate(WATCH_EMPTY)] * 3,
        *[lambda: page.evaluate("sockets.at(-1).close()")] * 3,
        *[lambda: web.restart(signal.SIGKILL)] * 1,
        *[lambda: web.restart(signal.SIGTERM)] * 1,
        *[lambda: author.crash(run.tip.attempt + 1)] * 2,
    ]
    dice.shuffle(events)
    for event in events:
        for _ in range(dice.randrange(30)):
            author.write()
            assert page.evaluate("window.emptied") == []
        event()
    late = context.new_page()
    late.goto(f"/runs/{run.run}/")
    author.end()
    for reader in (page, late):
        expect(reader.locator("[data-run]")).to_have_attribute("data-status", "completed")
        assert texts(reader) == [shown(text) for text in author.texts]
        assert reader.evaluate("window.refused") == []
    assert page.evaluate("window.emptied") == []
    assert [said for said in complaints if "WebSocket connection" not in said] == []


# A section that had text and has none, at any moment that a script can see.
WATCH_EMPTY = """() => {
  window.emptied = [];
  const had = new Set();
  new MutationObserver(() => document.querySelectorAll("[data-section]").forEach((element) => {
    const number = element.dataset.section;
    if (element.textContent) had.add(number);
    else if (had.has(number)) window.emptied.push(number);
  })).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def test_a_lost_workers_text_is_dimmed_until_it_is_replaced(page: Page, run: Writer) -> None:
    run.say((ROOT, outline()), opened(path(1)), wrote(path(1), "section-1", 0, "Half a"))
    show(page, run)
    section = page.locator('[data-section="1"]')
    run.start(2, RunStarted("w2", 1, "crashed"))
    expect(section).to_have_attribute("data-stale", "true")
    expect(section).to_have_text("Half a")
    expect(page.locator("#run-now")).to_contain_text("Taken up again after a worker stopped")
    run.say(opened(path(1)), wrote(path(1), "section-1", 0, "Whole"))
    expect(section).to_have_text("Whole")
    assert section.get_attribute("data-stale") is None


STOPS: list[Callable[[Page], None]] = [
    lambda page: page.get_by_role("button", name="Stop", exact=True).click(),
    lambda page: page.keyboard.press("."),
]


@pytest.mark.parametrize("stop", STOPS, ids=["button", "key"])
def test_stop_ends_the_run_and_keeps_the_text(
    page: Page, run: Writer, complaints: list[str], stop: Callable[[Page], None]
) -> None:
    run.say(opened(path(1)), wrote(path(1), "section-1", 0, "Kept"))
    show(page, run)
    expect(page.get_by_role("link", name="Replay")).to_be_hidden()
    stop(page)
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "cancelled")
    expect(page.locator('[data-section="1"]')).to_have_text("Kept")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    expect(page.get_by_role("link", name="Replay")).to_be_visible()
    assert complaints == []


def test_it_reads_and_stops_without_javascript(
    browser: Browser, context: BrowserContext, web: Web, run: Writer
) -> None:
    run.say(opened(path(1)), wrote(path(1), "section-1", 0, "Plain"))
    still = browser.new_context(
        java_script_enabled=False, base_url=web.url, storage_state=context.storage_state()
    )
    page = still.new_page()
    page.goto(f"/runs/{run.run}/")
    expect(page.locator('[data-section="1"]')).to_have_text("Plain")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "cancelled")
    still.close()


def test_a_socket_of_a_signed_out_reader_says_so(
    context: BrowserContext, page: Page, run: Writer
) -> None:
    show(page, run)
    context.clear_cookies()
    page.evaluate("sockets.at(-1).close()")
    expect(page.locator("#run-notice")).to_contain_text("You are signed out")
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "paused")


def test_nothing_that_a_model_says_does_anything(
    context: BrowserContext, page: Page, web: Web, run: Writer
) -> None:
    """In texts, whole and in pieces, in headings, sources, messages, log lines and errors."""
    page.add_init_script("window.shots = []; window.fired = (n) => window.shots.push(n);")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, run)
    everything = "\n\n".join(MARKDOWN)
    headings = [{"heading": payload} for payload in MARKDOWN[:20]]
    claims = [{"id": f"c{n}", "quote": p, "url": p} for n, p in enumerate(MARKDOWN)]
    run.say((ROOT, Object("outline", headings)), (ROOT, Object("claims", claims)))
    run.say(opened(path(1)), wrote(path(1), "section-1", 0, everything), opened(path(2)))
    for at in range(0, len(everything), 9):
        run.say(wrote(path(2), "section-2", at, everything[at : at + 9]))
    run.say(*[(ROOT, Status(payload, 1, 2)) for payload in MARKDOWN])
    run.say(*[Log("warning", payload) for payload in MARKDOWN])
    run.say(RunFailed(Error("internal", everything)))
    expect(page.locator("[data-run]")).to_have_attribute("data-status", "failed")
    assert texts(page)[1] == texts(page)[0] == shown(everything)
    page.reload()
    for place in (".prose a", ".source", "[data-section]"):
        for element in page.locator(place).all()[:20]:
            element.hover(force=True, timeout=1000)
    assert page.evaluate("window.shots") == []
    assert page.evaluate("window.refused") == []
    assert [url for url in asked if not url.startswith((web.url, "data:"))] == []


def test_progress_and_log_lines_come_in(page: Page, run: Writer) -> None:
    show(page, run)
    run.say((ROOT, Status("Reading", 3, 9)), Log("warning", "one quote was dropped"))
    expect(page.locator("#run-now progress")).to_have_js_property("value", 3)
    expect(page).to_have_title("3/9 · Blog post · gxweb")
    expect(page.locator("#run-logs li")).to_have_text(["one quote was dropped"])
    run.say(RunCompleted({"sections": []}))
    expect(page).to_have_title("Blog post · gxweb")


def test_a_long_state_leaves_its_step_a_readable_name(page: Page, run: Writer) -> None:
    show(page, run)
    saved = Usage(saved=Saved(12_345, 0.0123))
    run.say(opened(path(1)), (path(1), SpanCompleted("ok", 1.0, 12, True, usage=saved)))
    row = page.locator(f'#run-plan [data-span="{path(1)}"]')
    expect(row).to_contain_text("12 tries · cached, saves 12,345 tokens, $0.0123")
    title = row.locator(".row-title").bounding_box()
    assert title is not None
    assert title["width"] > title["height"], "it stands in one line"
