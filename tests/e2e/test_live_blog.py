"""A blog run on real notes in a real browser, while everything around the page breaks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.chaos import people
from tests.chaos.scenes import cut_back
from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import check, notes, seeded
from tests.chaos.waiting import until
from tests.e2e.reading import Tab
from tests.patience import patience
from tests.shown import laid_out, shown

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.timeout(900)]
RELOADS = 20
ENDING_MS = patience(90_000)


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("live")
    with stack(folder, workers=2, latency=0.05) as made:
        yield made


@pytest.fixture
def context(browser: Browser, s: Stack) -> Iterator[BrowserContext]:
    """Signed in as the one whose runs these are."""
    made = browser.new_context(base_url=s.url)
    made.add_cookies([{"name": "sessionid", "value": people.owner(s), "url": s.url}])
    yield made
    made.close()


def begin(s: Stack, tokens_per_second: float) -> str:
    """A run that has begun to write: each section at this speed, all else at once."""
    s.provider.pace(tokens_per_second=tokens_per_second, latency=0.05, plain=0)
    run = s.begin(notes=notes(), words=800)
    until(lambda: any(event.kind == "text" for event in s.log(run)), 30, what="the first words")
    return run


def ends_well(s: Stack, run: str, *tabs: Tab) -> None:
    """Every page shows the output to the letter, and says that this is the end."""
    for tab in tabs:
        root = tab.page.locator("[data-run]")
        expect(root).to_have_attribute("data-status", "completed", timeout=ENDING_MS)
        tab.shows("caught-up")
    output = s.ended(run)["output"]
    for tab in tabs:
        assert tab.texts == [shown(one["markdown"]) for one in output["sections"]]
        assert laid_out(tab.visible) == laid_out(tab.texts)
        assert tab.complaints == []
        assert tab.page.locator("[data-stale], [aria-busy=true]").count() == 0


def test_the_page_is_exact_through_reloads_and_kills(s: Stack, context: BrowserContext) -> None:
    rng = seeded("reloads")
    run = begin(s, 10)
    tab, still, late = Tab(context, run).open(), Tab(context, run).open(), Tab(context, run)
    events: list[Callable[[], object]] = [tab.reload] * RELOADS
    early, later = rng.randint(3, RELOADS // 2), rng.randint(RELOADS // 2, RELOADS - 3)
    events.insert(later, late.open)
    events.insert(later, lambda: restart_web(s, still))
    events.insert(early, lambda: kill_owner(s, run))
    running = 0
    for event in events:
        tab.page.wait_for_timeout(rng.uniform(0, 600))
        running += tab.status == "running"
        event()
    print(f"{running} of {len(events)} while the run went on")
    ends_well(s, run, tab, still, late)
    assert [one.seen["loads"] for one in (tab, still, late)] == [RELOADS + 1, 1, 1]
    assert [one.seen["lost"] for one in (tab, still, late)] == [[], [], []]
    assert still.seen["stale"], "what the dead worker wrote was dimmed until it was replaced"
    assert any("Taken up again after a worker stopped" in said for said in still.seen["said"])
    check(s, [run], allowed_open=8)


def test_viewers_go_on_when_redis_froze_died_and_forgot(s: Stack, context: BrowserContext) -> None:
    run = begin(s, 6)
    tab = Tab(context, run).open()
    tab.shows("live")
    s.server.process.send_signal(signal.SIGSTOP)
    paused(tab, Tab(context, run))
    s.server.process.send_signal(signal.SIGCONT)
    goes_on(tab)
    s.server.stop()
    paused(tab, Tab(context, run))
    s.restart_valkey()
    goes_on(tab)
    cut_back(s, run, 30)
    until(lambda: restored(s, run), 30, what="a log rebuilt after a part of it was lost")
    tab.shows("live")
    s.provider.pace(tokens_per_second=60)
    with s.redis() as client:
        client.flushall()
    ends_well(s, run, tab)
    assert restored(s, run)
    assert tab.seen["loads"] == 1


def restored(s: Stack, run: str) -> bool:
    return any(event.kind == "run.restored" for event in s.log(run))


def paused(tab: Tab, other: Tab) -> None:
    """Who looks is told, and who comes now gets what SQL has, and is told."""
    tab.shows("paused")
    expect(tab.page.locator("#run-notice")).to_contain_text("Live updates paused")
    assert other.open().status == "running"
    other.shows("paused")
    expect(other.page.locator("#run-notice")).to_contain_text("Live updates paused")
    other.page.close()


def goes_on(tab: Tab) -> None:
    """By itself: live again, with more text than before."""
    before = tab.length
    tab.shows("live")
    until(lambda: tab.length > before, 30, what="more text")
    expect(tab.page.locator("#run-notice")).to_be_hidden()


def kill_owner(s: Stack, run: str) -> None:
    """`kill -9` of the run's worker; another process takes its place. The next words take a second
    to come, so that a page has time to show whose place they take."""
    s.provider.pace(tokens_per_second=25, latency=1)
    owner = until(lambda: s.owner(run), 20)
    assert owner is not None
    owner.kill()
    owner.start()


def restart_web(s: Stack, tab: Tab) -> None:
    """Not before the kill of the worker has been shown."""
    until(lambda: tab.seen["stale"], 30, what="dimmed text")
    s.webs[0].kill()
    s.webs[0].start()
    s.ready()
