"""From an address to what its pages say, with real requests on loopback."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from tests.fakes.site import Reply, Site, page
from tests.patience import patience
from tests.workflows.engine.house import House, until
from tests.workflows.ingest.shops import shop, tale
from workflows.catalog.site import SiteBrief
from workflows.engine import Failure
from workflows.ingest.flow import read_site
from workflows.wire.events import Object, SpanCompleted, SpanStarted

PAGE = re.compile(r'ingest\[0\]/read_page\["[^"]+"\]')
Begin = Callable[[Site], Site]


async def test_a_site_is_read_page_by_page(begin: Begin) -> None:
    site = begin(shop("salt", "brine", "harbour"))
    read = await read_site(SiteBrief(site.url()))
    assert [one.url for one in read.pages] == [
        site.url(path) for path in ("/", "/salt", "/brine", "/harbour")
    ]
    assert {one.status for one in read.pages} == {"done"}
    assert all(one.facts and one.summary for one in read.pages)
    assert read.site.name == "Salt House"
    assert read.site.language == "en"
    assert 1 <= len(read.site.suggestions) <= 3
    assert read.skipped == ()
    assert len(site.paths()) == len(set(site.paths()))


async def test_each_quote_stands_on_its_page(begin: Begin) -> None:
    site = begin(shop("salt", "brine"))
    read = await read_site(SiteBrief(site.url()))
    for one in read.pages:
        name = one.url.rpartition("/")[2] or "hall"
        assert all(fact.quote in " ".join(tale(name)) for fact in one.facts)


async def test_no_more_pages_than_wanted(begin: Begin) -> None:
    site = begin(shop("salt", "brine", "harbour", "tide"))
    read = await read_site(SiteBrief(site.url(), max_pages=3))
    assert len(read.pages) == 3
    assert [one.why for one in read.skipped] == ["limit", "limit"]
    assert [(count.why, count.pages) for count in read.counts] == [("limit", 2)]


async def test_forms_of_one_address_are_one_page(begin: Begin) -> None:
    forms = ("/salt/", "/salt?utm_source=x", "/index.html", "/salt?b=1&a=2", "/salt?a=2&b=1")
    site = begin(shop("salt"))
    site.pages["/"] = page("Salt House", *tale("hall"), links=dict.fromkeys((*forms, "/salt"), "x"))
    site.pages["/salt?b=1&a=2"] = page("Two", *tale("two"))
    await read_site(SiteBrief(site.url()))
    asked = [path for path in site.paths() if path.startswith("/salt")]
    assert asked == ["/salt/", "/salt?b=1&a=2"]


async def test_why_pages_are_not_read(begin: Begin) -> None:
    paths = ["closed/x", "copy", "gone", "app", "door", "picture", "broken", "away", "file.pdf"]
    site = begin(shop("salt", *paths))
    site.pages |= {
        "/robots.txt": Reply("User-agent: *\nDisallow: /closed/", kind="text/plain"),
        "/copy": page("Salt", *tale("salt")),
        "/gone": Reply("no", 404),
        "/app": "<div id=root></div><script src=/app.js></script>",
        "/door": "<form>Sign in <input type=password></form>",
        "/picture": Reply(b"\x89PNG\r\n", kind="image/png"),
        "/broken": Reply("no", 401),
        "/away": Reply("", 302, {"Location": "http://elsewhere.example/"}),
    }
    read = await read_site(SiteBrief(site.url()))
    found = {one.url.removeprefix(site.url("")): one.why for one in read.skipped}
    assert found == {
        "/closed/x": "robots", "/copy": "duplicate", "/gone": "missing", "/app": "javascript",
        "/door": "login", "/picture": "not_html", "/broken": "login", "/away": "forbidden",
    }  # fmt: skip
    assert all(one.reason.endswith(".") for one in read.skipped)
    assert not {"/closed/x", "/file.pdf"} & set(site.paths())


@pytest.mark.parametrize(
    ("pages", "type", "said"),
    [
        ({"/": Reply("no", 403)}, "unreachable", "403"),
        ({"/": ""}, "empty_page", "no text"),
        ({"/": "<div id=app></div><script src=x.js></script>"}, "empty_page", "JavaScript"),
        ({"/": "<form>Hi <input type=password></form>"}, "empty_page", "sign in"),
        ({"/": Reply(b"%PDF-1.4", kind="application/pdf")}, "not_html", "application/pdf"),
        ({"/robots.txt": Reply("User-agent: *\nDisallow: /")}, "robots_denied", "robots.txt"),
        ({"/robots.txt": Reply("", 500)}, "robots_denied", "500"),
        ({"/robots.txt": Reply("", 302, {"Location": "http://127.0.0.1:1/"})}, "forbidden_address",
         "port 1"),
        ({"/": Reply("", 302, {"Location": "http://10.0.0.1/"})}, "forbidden_address", "inner"),
    ],
)  # fmt: skip
async def test_a_home_page_that_cannot_be_read_says_why(
    begin: Begin, pages: dict[str, str | Reply], type: str, said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("workflows.ingest.visiting.FIRST_WAIT_S", 0.01)
    site = begin(Site({"/": page("Home", *tale("hall")), **pages}))
    with pytest.raises(Failure) as why:
        await read_site(SiteBrief(site.url()))
    assert why.value.type == type
    assert said in why.value.message


@pytest.mark.parametrize("url", ["nonsense", "file:///etc/passwd", "http://127.0.0.1:6379/", "/"])
async def test_an_address_that_may_not_be_read(url: str) -> None:
    with pytest.raises(Failure) as why:
        await read_site(SiteBrief(url))
    assert why.value.type in ("invalid_input", "forbidden_address")


async def test_an_installation_does_not_read_itself(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = begin(shop("salt"))
    monkeypatch.setenv("PUBLIC_URL", site.url(""))
    with pytest.raises(Failure, match="this very site"):
        await read_site(SiteBrief(site.url()))
    assert site.asked == []


async def test_what_people_see_while_it_reads(begin: Begin, house: House) -> None:
    site = begin(shop("salt", "brine"))
    state = await house.run(read_site, {"url": site.url()})
    assert state.status == "completed"
    [run] = house.attempts
    events = house.events(run)
    shown = [(n, e.body) for n, e in enumerate(events) if isinstance(e.body, Object)]
    first = {body.label: n for n, body in reversed(shown)}
    asked = next(n for n, e in enumerate(events)
                 if isinstance(e.body, SpanStarted) and e.body.name == "portrait")  # fmt: skip
    assert first["card"] < asked
    last = {body.label: body.value for _, body in shown}
    assert last["card"]["title"] == "Salt House"
    assert last["profile"]["name"]["value"] == "Salt House"
    assert last["suggestions"][0].keys() == {"topic", "why"}
    assert (last["frontier"]["done"], last["frontier"]["total"]) == (3, 3)
    assert last["frontier"]["state"] == "done"
    pages = [
        (e.span, e.body.output)
        for e in events
        if isinstance(e.body, SpanCompleted) and PAGE.fullmatch(e.span or "")
    ]
    assert {span for span, _ in pages} == {
        f'ingest[0]/read_page["{site.url(path)}"]' for path in ("/", "/salt", "/brine")
    }
    assert pages[0][1].keys() >= {"url", "title", "summary", "facts", "status"}


async def test_each_step_is_called_by_what_it_does_and_by_no_whole_address(
    begin: Begin, house: House
) -> None:
    site = begin(shop("salt", "brine"))
    site.pages["/"] = page(
        "Salt House", *tale("hall"), links={"/salt": "Our salt", "/brine": "https://salt.example/b"}
    )
    state = await house.run(read_site, {"url": site.url()})
    said = [span.label for path, span in state.spans.items() if path != "ingest[0]"]
    assert all(said)
    assert [label for label in said if "://" in label] == []
    assert {"Open the home page", "Fetch “Our salt”", "Read “Our salt”", "Read /brine"} <= set(said)


async def test_a_worker_that_drains_does_not_wait_for_a_reading_that_pauses(
    begin: Begin, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.ingest.wishes.Wishes.paused", True)
    site = begin(shop("salt"))
    run = house.queue(read_site, {"url": site.url()})

    def waits() -> bool:
        spans = house.state(run).spans.values()
        return [span.name for span in spans if span.open] == ["ingest", "choose"]

    async with house.executor(read_site) as executor:
        doing = asyncio.create_task(executor.execute(house.order(run, read_site)))
        await until(waits)
        executor.drain()
        await asyncio.wait_for(doing, patience(10))
    assert house.state(run).status not in ("completed", "failed")
