"""From runs to sites: what the log tells becomes rows, once, however often it is told.

Who needs the rows as they are now, a page or a post that is about to begin, has them brought up to
the log's end first (`absorb`); control does so whenever it hears that a step has ended.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from gxweb import addresses
from gxweb.sites import profile
from gxweb.sites.findings import Found, FoundPage, found
from gxweb.sites.page import DONE, GONE, Fact, Page
from gxweb.sites.site import Reading, Site, Suggestion
from runs import history, signals
from runs.models import Run
from workflows.wire.state import State

WORKFLOW = "ingest"
KEY = "site"  # a run whose key begins so reads a site that is there already
STATUS = {
    "completed": Site.Status.READY,
    "failed": Site.Status.FAILED,
    "cancelled": Site.Status.STOPPED,
}


def listen() -> None:
    signals.run_started.connect(on_start, sender=Run, dispatch_uid="gxweb.sites.start")
    signals.span_finished.connect(on_news, sender=Run, dispatch_uid="gxweb.sites.span")
    signals.run_finished.connect(on_news, sender=Run, dispatch_uid="gxweb.sites.finish")


def on_start(run: Run, **_: Any) -> None:
    if run.workflow == WORKFLOW:
        draft(run)


def on_news(run: Run, **_: Any) -> None:
    if run.workflow == WORKFLOW:
        reading = draft(run)
        # One look takes all that has come: what is told of it after that is no news.
        if reading.cursor < run.cursor or run.finished:
            absorb(reading)


def draft(run: Run) -> Reading:
    """The reading that a run is: of a site that is there, or of one of its own, made when there is
    none yet."""
    for _ in range(2):
        known = Reading.objects.filter(run=run.pk).select_related("site").first()
        if known is not None:
            return known
        try:
            meant = _meant(run)
            if meant is None or not meant.follow(run):
                Site.begin(run, addresses.shown(str(run.input.get("url") or "")))
        except IntegrityError:  # the page and control, at the same moment
            continue
    return Reading.objects.select_related("site").get(run=run.pk)


def key(site: Site, form: UUID) -> str:
    """By which a run that is started says which site it reads anew."""
    return f"{KEY}:{site.pk}:{form}"


def _meant(run: Run) -> Site | None:
    """The site that a run was started for, or that of the run from which it goes on."""
    mine = Site.objects.filter(owner=run.owner_id)
    kind, _, rest = (run.key or "").partition(":")
    if kind == KEY:
        try:
            return mine.filter(pk=UUID(rest.partition(":")[0])).first()
        except ValueError:
            return None
    return mine.filter(run=run.forked_from_id).first() if run.forked_from_id else None


def absorb(reading: Reading) -> None:
    """Bring the rows to the end of the reading's log."""
    if reading.run is None:
        return
    state = history.state(reading.run)
    with transaction.atomic():
        if reading.advance(state.cursor):
            reading.site.hold()
            _write(reading, found(state), state)


def _write(reading: Reading, told: Found, state: State) -> None:
    site, again = reading.site, not reading.is_first
    profile.find(site, told.fields, again=again)
    _suggest(site, told.suggestions)
    _turn(reading, told.pages, again=again)
    newest = site.run_id == reading.run_id
    if state.ended and newest:
        _end(reading, told, state)
    done = site.pages.filter(status=DONE)
    site.tell(
        card=told.card or site.card,
        pages_done=done.count(),
        facts_found=Fact.objects.filter(page__site=site).count(),
    )


def _suggest(site: Site, told: tuple[tuple[str, str], ...]) -> None:
    if told and told != tuple(site.suggestions.values_list("topic", "why")):
        site.suggestions.all().delete()
        Suggestion.objects.bulk_create(
            Suggestion(site=site, number=number, topic=topic, why=why)
            for number, (topic, why) in enumerate(told)
        )


def _turn(reading: Reading, told: tuple[FoundPage, ...], *, again: bool) -> None:
    """Write the pages that this reading has not told of yet."""
    pages = reading.site.pages
    known = set(pages.filter(reading=reading).values_list("id", flat=True))
    ids = [Page.make_id(reading.site.pk, one.url) for one in told]
    news = [(id, number) for number, id in enumerate(ids) if id not in known]
    before = pages.prefetch_related("facts").in_bulk([id for id, _ in news])
    for id, number in news:
        one = told[number]
        _put(reading, one, number, _change(before.get(id), one) if again else "")


def _put(reading: Reading, one: FoundPage, number: int, change: str) -> None:
    id = Page.make_id(reading.site.pk, one.url)
    told: dict[str, Any] = {
        "title": one.title, "summary": one.summary, "status": one.status, "reason": one.reason,
        "site": reading.site, "reading": reading, "number": number, "url": one.url,
        "change": change,
    }  # fmt: skip
    Page.objects.update_or_create(id=id, defaults=told)
    Fact.objects.filter(page=id).delete()
    Fact.objects.bulk_create(
        Fact(page_id=id, number=number, claim=claim, quote=quote)
        for number, (claim, quote) in enumerate(one.facts)
    )


def _change(old: Page | None, new: FoundPage) -> str:
    if old is None or old.status != DONE:
        return "new" if new.status == DONE else ""
    quotes = {fact.quote for fact in old.facts.all()}
    same = old.title == new.title and quotes == {quote for _, quote in new.facts}
    return "" if same or new.status != DONE else "changed"


def _end(reading: Reading, told: Found, state: State) -> None:
    site = reading.site
    error = state.error.message if state.error is not None else ""
    site.tell(status=STATUS[state.status], note=told.note or error)
    if state.status == "completed" and not told.note:
        # All of it was read: what was not met is not there any more.
        unmet = site.pages.filter(status=DONE).exclude(reading=reading)
        unmet.update(status=GONE, change="")
