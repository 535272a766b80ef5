"""What a reading tells becomes rows, once, however often and in whatever order it is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis import Redis

from gxweb.accounts.models import User
from gxweb.sites import results
from gxweb.sites.models import Fact, Field, Page, Site
from runs.lifecycle import cancel, start
from runs.models import Run
from tests.gxweb.sites.conftest import CARD, FACTS, PROFILE, SUGGESTIONS, URL, Reader, again


def pages(site: Site) -> list[tuple[str, str, str]]:
    return [(page.url, page.status, page.change) for page in site.pages.all()]


def test_a_run_that_begins_has_a_site(reader: Reader) -> None:
    reader.tell()
    site = Site.objects.get(run=reader.run)
    assert (site.owner_id, site.url, site.title) == (reader.run.owner_id, URL, "acme.example")
    assert site.status == "reading"


def test_what_is_found_is_there_while_it_goes_on(reader: Reader) -> None:
    reader.show(card=CARD, profile=PROFILE, suggestions=SUGGESTIONS).read(f"{URL}a").tell()
    site = Site.objects.get()
    assert (site.name, site.card["title"], site.status) == ("Acme", "Acme", "reading")
    assert (site.pages_done, site.facts_found) == (1, 1)
    found = {field.name: (field.value, field.quote) for field in Field.objects.all()}
    assert found == {
        "name": ("Acme", "We are Acme."), "audience": ("Cooks", ""),
        "topics": (["Salt", "Wool"], "Salt and wool."),
    }  # fmt: skip
    assert [str(one) for one in site.suggestions.all()] == ["Topic 1", "Topic 2", "Topic 3"]
    (fact,) = Fact.objects.filter(page__url=f"{URL}a")
    assert {"claim": fact.claim, "quote": fact.quote} == FACTS[0]


def test_the_same_told_again_is_nothing_new(reader: Reader, ready: Site) -> None:
    before = (
        list(Page.objects.values()),
        list(Field.objects.values()),
        list(Fact.objects.values()),
    )
    run = Run.objects.get(pk=reader.run.pk)
    for hear in (results.on_start, results.on_news, results.on_news):
        hear(run=run)
    results.absorb(results.draft(run))
    assert before == (
        list(Page.objects.values()), list(Field.objects.values()), list(Fact.objects.values()),
    )  # fmt: skip
    assert Site.objects.count() == 1


def test_a_page_brings_the_rows_up_to_the_log(reader: Reader, site: Site) -> None:
    reader.show(profile=PROFILE)
    results.absorb(results.draft(reader.run))
    reader.read(f"{URL}a")
    results.absorb(results.draft(reader.run))
    assert pages(site) == [(f"{URL}a", "done", "")]


def test_what_was_left_out_has_its_reason(reader: Reader, site: Site) -> None:
    reader.read(f"{URL}b", status="skipped", reason="It asks for a password.", facts=[])
    reader.complete(skipped=[{"url": f"{URL}c", "reason": "robots", "why": "robots"}]).tell()
    assert pages(site) == [(f"{URL}b", "skipped", ""), (f"{URL}c", "skipped", "")]
    assert [page.reason for page in site.pages.all()] == ["It asks for a password.", "robots"]


@pytest.mark.parametrize("how", ["completed", "failed", "cancelled"])
def test_its_end_is_told(reader: Reader, site: Site, how: str) -> None:
    if how == "completed":
        reader.complete(note="The budget was used up.")
    elif how == "failed":
        reader.fail()
    else:
        cancel(reader.run, by="owner")
    reader.tell()
    site.refresh_from_db()
    note = {"completed": "The budget was used up.", "failed": "It did not answer."}.get(how, "")
    assert (site.status, site.note) == (results.STATUS[how], note)


def test_reading_it_again_shows_what_has_changed(ready: Site, redis: Redis) -> None:
    other = [{"claim": "Salt is cheap.", "quote": "Salt costs a penny."}]
    first = again(ready, redis).read(f"{URL}salt").read(f"{URL}new").complete().tell()
    assert pages(ready) == [(f"{URL}salt", "done", ""), (f"{URL}new", "done", "new")]
    changed = PROFILE | {"audience": {"value": "Bakers", "quote": "", "url": URL}}
    second = again(ready, redis).show(profile=changed).read(f"{URL}salt", facts=other).complete()
    second.tell()
    assert first.run.pk != second.run.pk
    assert pages(ready) == [(f"{URL}salt", "done", "changed"), (f"{URL}new", "gone", "")]
    assert list(Fact.objects.values_list("quote", flat=True).filter(page__status="done")) == [
        "Salt costs a penny."
    ]
    field = ready.fields.get(name="audience")
    assert (field.value, field.before) == ("Bakers", "Cooks")


def test_a_reading_that_ended_early_takes_nothing_away(ready: Site, redis: Redis) -> None:
    again(ready, redis).read(f"{URL}new").complete(note="It was stopped.").tell()
    assert {url: status for url, status, _ in pages(ready)} == {
        f"{URL}salt": "done", f"{URL}new": "done",
    }  # fmt: skip


def test_a_late_end_says_nothing_of_a_site_that_is_read_anew(
    reader: Reader, site: Site, ada: User
) -> None:
    late = results.draft(reader.run)
    reader.fail()
    site.follow(start(owner=ada, workflow="ingest", input={"url": URL}).run)
    results.absorb(late)
    site.refresh_from_db()
    assert (site.status, site.note) == ("reading", "")


def test_a_run_for_a_site_of_somebody_else_reads_one_of_its_own(
    ready: Site, bob: object, redis: Redis
) -> None:
    ready.owner = bob  # type: ignore[assignment]
    other = again(ready, redis).tell()
    assert Site.objects.get(run=other.run).pk != ready.pk


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "text",
        [1, {"url": 3}],
        {"name": 3, "audience": {"value": ["x"]}, "topics": {"value": 3}},
    ],
)
def test_what_is_of_another_shape_was_not_found(reader: Reader, odd: object) -> None:
    reader.show(card=odd, profile=odd, suggestions=odd).read(f"{URL}a", facts=odd, title=odd)
    reader.complete(skipped=odd, note=odd).tell()
    site = Site.objects.get()
    assert site.status == "ready"
    assert not site.fields.exists()
    assert [page.url for page in site.pages.all()] == [f"{URL}a"]


def test_runs_of_other_workflows_are_not_ours(run: Run) -> None:
    run.workflow = "blog"
    results.on_start(run=run)
    results.on_news(run=run)
    assert not Site.objects.exists()


def test_of_two_who_bring_the_rows_up_one_writes(reader: Reader, site: Site) -> None:
    reader.show(card=CARD, profile=PROFILE)
    for number in range(20):
        reader.read(f"{URL}{number}")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(absorbed, reader.run) for _ in range(4)]:
            done.result()
    assert (site.pages.count(), Fact.objects.count(), site.fields.count()) == (20, 20, 3)


def absorbed(run: Run) -> None:
    try:
        results.absorb(results.draft(run))
    finally:
        connection.close()


def test_one_more_page_costs_no_more_for_those_before_it(reader: Reader, site: Site) -> None:
    def queries(url: str) -> int:
        reader.read(url)
        with CaptureQueriesContext(connection) as asked:
            results.absorb(results.draft(reader.run))
        return len(asked)

    reader.show(card=CARD, profile=PROFILE)
    queries(f"{URL}first")
    few = queries(f"{URL}second")
    for number in range(30):
        reader.read(f"{URL}{number}")
    queries(f"{URL}third")
    assert queries(f"{URL}last") == few


@pytest.mark.parametrize(
    ("said", "url", "title"),
    [("acme.com", "https://acme.com/", "acme.com"), ("https://[::1", "https://[::1", "A site")],
)
def test_whatever_address_a_program_gives_its_site_can_be_looked_at(
    as_ada: Client, ada: User, said: str, url: str, title: str
) -> None:
    site = results.draft(start(owner=ada, workflow="ingest", input={"url": said}).run).site
    assert (site.url, site.title) == (url, title)
    for path in ("/", "/sites/", "/posts/new/", f"/sites/{site.pk}/"):
        assert as_ada.get(path).status_code == 200


def test_a_page_shows_what_it_can_of_an_odd_card(
    as_ada: Client, reader: Reader, site: Site
) -> None:
    odd = {**CARD, "about": 5, "colours": "red", "url": "https://[::1"}
    name = {"value": "Acme", "quote": "We are Acme.", "url": "https://[::1"}
    reader.show(card=odd, profile={"name": name}).complete().tell()
    page = as_ada.get(f"/sites/{site.pk}/")
    assert b"Salt and wool." in page.content
