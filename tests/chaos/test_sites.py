"""A site is read page by page, politely, and once, whatever becomes of its worker.

DOCS=/usr/share/doc/…/html PAGES=120 DELAY=1 reads a real site from a folder; without, a small one.
The fake provider takes LATENCY seconds for each answer.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.bench.figure import Figure, p95
from tests.chaos.memory import watched
from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import notes
from tests.chaos.visiting import visits
from tests.chaos.waiting import until
from tests.fakes.checker import in_doubt
from tests.fakes.site import Reply, Site, serving
from tests.workflows.ingest.mazes import assert_told, laid, maze
from tests.workflows.ingest.shops import WORDS, shop
from workflows.ingest.quotes import folded

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

DOCS = os.environ.get("DOCS", "")
PAGES = int(os.environ.get("PAGES") or 8)
DELAY = float(os.environ.get("DELAY") or 0.2)
LATENCY = float(os.environ.get("LATENCY") or 0.3)
LARGE = PAGES >= 100  # else what a start takes outweighs what is measured
IDLE = 100 if LARGE else 15  # visits
ENTRIES = 1_000_000 if LARGE else 10  # of the maze's sitemap
CLOSED = os.environ.get("CLOSED") or "/kill-dune"


# A site of its own for each test: what was read of one is in its owner's cache.
NAMES = {"kill": WORDS[:20], "signals": WORDS[3:23], "time": WORDS[6:26]}
House = tuple[Stack, dict[str, Site]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ExitStack() as opened:
        sites = {name: opened.enter_context(serving(_site(name))) for name in NAMES}
        sites["maze"] = laid(opened.enter_context(serving(maze(ENTRIES))))
        environ: dict[str, Any] = {
            "GX_FETCH_ALLOW": ",".join(site.allow for site in sites.values()),
            "GX_HOST_DELAY_SECONDS": str(DELAY),
        }
        folder = tmp_path_factory.mktemp("sites")
        yield opened.enter_context(stack(folder, workers=1, latency=LATENCY, **environ)), sites


def _site(name: str) -> Site:
    made = Site(folder=Path(DOCS)) if DOCS else shop(*(f"{name}-{word}" for word in NAMES[name]))
    made.pages["/robots.txt"] = Reply(f"User-agent: *\nDisallow: {CLOSED}", kind="text/plain")
    return made


def begin(s: Stack, site: Site, pages: int = PAGES) -> str:
    home = "/index.html" if site.folder else "/"
    body = {"url": site.url(home), "max_pages": pages}
    answer = s.client.post("/api/workflows/ingest/runs", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def pages_of(s: Stack, run: str, name: str) -> set[str]:
    """The keys of the finished steps of this name."""
    done = (event for event in s.log(run) if event.kind == "span.completed")
    return {str(event.span) for event in done if f"]/{name}[" in str(event.span)
            and str(event.span).endswith('"]')}  # fmt: skip


def output(s: Stack, run: str) -> dict[str, Any]:
    answer = s.client.get(f"/api/runs/{run}/output")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def text_of(site: Site, url: str) -> str:
    """What a reader sees, found by other means than ours."""
    tree = html.fromstring(site.reply(url.removeprefix(site.url(""))).body)
    for node in tree.xpath("//script | //style"):
        node.drop_tree()
    return folded(tree.text_content())


def assert_honest(site: Site, found: dict[str, Any]) -> None:
    pages = found["pages"]
    assert len({page["url"] for page in pages}) == len(pages)
    lost = [(page["url"], fact["quote"]) for page in pages for fact in page["facts"]
            if fact["quote"] not in text_of(site, page["url"])]  # fmt: skip
    assert lost == []
    assert not [path for path in site.paths() if path.startswith(CLOSED)]


def assert_totals(s: Stack, run: str, found: dict[str, Any]) -> None:
    """What people are told, live and afterwards, is what there is."""
    pages, facts = len(found["pages"]), sum(len(page["facts"]) for page in found["pages"])
    told = last(s, run, "frontier")
    assert (told["done"], told["total"], told["facts"]) == (pages, pages, facts)
    read = {page["url"] for page in found["pages"]}
    assert not read & {page["url"] for page in found["skipped"]}
    code = (
        "from gxweb.sites.models import Site; "
        f"site = Site.objects.get(run_id='{run}'); print(site.pages_done, site.facts_found)"
    )
    until(lambda: s.python(code).split() == [str(pages), str(facts)], 60, what=f"{pages} {facts}")
    print({one["why"]: one["pages"] for one in found["counts"]})


def last(s: Stack, run: str, label: str) -> dict[str, Any]:
    values = [e.body.value for e in s.log(run) if e.kind == "object"  # type: ignore[union-attr]
              and e.body.label == label]  # type: ignore[union-attr] # fmt: skip
    return dict(values[-1])


def test_no_page_is_fetched_or_paid_for_twice(house: House) -> None:
    s, site = house[0], house[1]["kill"]
    run = begin(s, site)
    until(lambda: len(pages_of(s, run, "read_page")) >= PAGES // 2, 600, what="half of it")
    s.workers[-1].kill()
    begun = {str(e.span) for e in s.log(run) if e.kind == "span.started"}
    open_fetches = {span for span in begun if "/fetch_page[" in span}
    open_fetches -= pages_of(s, run, "fetch_page")
    s.add_worker()
    ended = s.ended(run, 1500)
    assert ended["status"] == "completed", ended
    found = output(s, run)
    assert len(found["pages"]) == PAGES
    assert_honest(site, found)
    assert_totals(s, run, found)
    again = {path: n for path, n in Counter(site.paths()).items() if n > 1}
    calls = Counter(line["hash"] for line in s.provider.ledger() if line["event"] == "start")
    paid = sum(n - 1 for n in calls.values())
    print(f"{PAGES} pages, fetched again {len(again)} of {len(open_fetches)} open,"
          f" paid again {paid} of {in_doubt(s.log(run))} in doubt")  # fmt: skip
    assert {f'ingest[0]/fetch_page["{site.url(path)}"]' for path in again} <= open_fetches
    assert max(again.values(), default=0) <= 2
    assert paid <= in_doubt(s.log(run))


def test_signals_act_within_two_seconds(house: House) -> None:
    s, site = house[0], house[1]["signals"]
    run = begin(s, site, 300)
    until(lambda: len(pages_of(s, run, "read_page")) >= 2, 60, what="two pages")

    def send(name: str, value: dict[str, str] | None = None) -> float:
        answer = s.client.post(f"/api/runs/{run}/signals/{name}", json=value or {})
        assert answer.status_code == 202, answer.text
        return time.monotonic()

    def shown() -> dict[str, Any]:
        return last(s, run, "frontier")

    took = {}
    sent = send("pause")
    until(lambda: shown()["state"] == "paused", 5, what="a pause")
    took["pause"] = time.monotonic() - sent
    until(lambda: shown()["reading"] == 0, 30, what="open pages")
    before = len(site.asked)
    send("leave_out", {"path": "/signals-yarrow"})
    send("add", {"url": site.url("/added")})
    site.pages["/added"] = shop("added").pages["/added"]
    assert len(site.asked) == before
    sent = send("go_on")
    until(lambda: "/added" in site.paths(), 5, what="the added page")
    took["go_on and add"] = time.monotonic() - sent
    sent = send("stop")
    until(lambda: shown()["state"] in ("stopping", "done"), 10, what="a stop")
    took["stop"] = time.monotonic() - sent
    assert s.ended(run, 60)["status"] == "completed"
    found = output(s, run)
    print({name: round(seconds, 2) for name, seconds in took.items()})
    assert "stopped" in found["note"]
    assert site.url("/added") in [page["url"] for page in found["pages"]]
    assert not [page for page in found["pages"] if "/signals-yarrow" in page["url"]]
    assert_honest(site, found)


def ideal_s(site: Site) -> float:
    """What politeness and the provider alone dictate: from the first turn at the host to the last
    one (robots.txt is asked for without one), the last page's answer, and the last profile's."""
    turns = [path for path in site.paths() if path != "/robots.txt"]
    return DELAY * (len(turns) - 1) + 2 * LATENCY


def shown(s: Stack, run: str, label: str) -> float:
    """When, by the clock of `time.time()`, this was first shown."""
    return next(e.at / 1000 for e in s.log(run) if e.kind == "object"
                and e.body.label == label)  # type: ignore[union-attr] # fmt: skip


@pytest.mark.alone
def test_the_time_is_that_of_politeness_and_provider(house: House) -> None:
    s, site = house[0], house[1]["time"]
    with visits(s.url, "/") as idle:
        until(lambda: len(idle) >= IDLE, 60, what="idle visits")
    with visits(s.url, "/") as meanwhile:
        began = time.monotonic()
        run = begin(s, site)
        assert s.ended(run, 1500)["status"] == "completed"
        took = time.monotonic() - began
    found = output(s, run)
    assert len(found["pages"]) == PAGES
    assert_honest(site, found)
    assert_totals(s, run, found)
    times, ideal = [at for _, at in site.asked], ideal_s(site)
    arrived = next(at for path, at in site.asked if path != "/robots.txt") + time_of_clock()
    card = shown(s, run, "card") - arrived
    Figure(f"reading {PAGES} pages, {len(times)} requests", took, "s", ideal).show()
    Figure("the card after the home page", card, "s").show()
    Figure("/ while they are read, p95", p95(meanwhile), "ms", p95(idle), len(meanwhile)).show()
    # The clock of whoever goes is checked over all: one that goes late makes one gap short.
    assert times[-1] - times[1] > 0.9 * DELAY * (len(times) - 2)
    assert took <= 1.2 * ideal + (0 if LARGE else 6)
    assert card <= (1 if LARGE else 5)
    assert p95(meanwhile) <= 3 * p95(idle) + (0 if LARGE else 200)


def time_of_clock() -> float:
    """What makes a moment of `time.monotonic()` one of `time.time()`."""
    return time.time() - time.monotonic()


@pytest.mark.skipif(not LARGE, reason="tests/workflows/ingest/test_traps.py reads a small one")
def test_a_maze_ends_costs_little_and_is_told(house: House) -> None:
    s, site = house[0], house[1]["maze"]
    s.workers[-1].kill()
    s.add_worker()
    # One that has worked, and has read no page.
    assert s.ended(s.begin(notes=notes()))["status"] == "completed"
    with watched(s.workers[-1]) as held:
        began = time.monotonic()
        run = begin(s, site)
        assert s.ended(run, 1500)["status"] == "completed"
        took = time.monotonic() - began
    ideal = ideal_s(site)
    Figure(f"reading {PAGES} pages of a maze, {len(site.asked)} requests", took, "s", ideal).show()
    Figure("the worker and its children meanwhile", held.most, "MB", held.idle).show()
    found = output(s, run)
    print({one["why"]: one["pages"] for one in found["counts"]})
    assert_told(site, found, PAGES)
    assert held.more <= 64
