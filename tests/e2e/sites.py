"""Sites for a browser to look at, and readings that a test goes on writing.

`main()` runs in a process of its own, with the settings of the web process that will show them, and
prints a `Sites` as JSON.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
import django

django.setup()

from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402
from redis import Redis  # noqa: E402

from gxweb.sites import results  # noqa: E402
from gxweb.sites.models import Site  # noqa: E402
from gxweb.sites.profile import edit  # noqa: E402
from runs.models import Run  # noqa: E402
from tests.e2e.scene import person, session  # noqa: E402
from tests.runs.writer import Writer, packed  # noqa: E402
from workflows.wire import log  # noqa: E402
from workflows.wire.cursor import Cursor  # noqa: E402
from workflows.wire.events import (  # noqa: E402
    Object,
    RunQueued,
    SpanCompleted,
    SpanStarted,
    Status,
)

URL = "https://eling.example/"
ROOT = "ingest[0]"
CARD = {
    "url": URL, "title": "Eling Tide Mill", "site_name": "Eling", "language": "en", "icon": "",
    "description": "A mill that has ground by the moon since 1086, and still does.", "image": "",
    "colours": ["#1b4965", "#ca6702", "#e9d8a6"], "links": [], "about": ["Museum", "LocalBusiness"],
}  # fmt: skip
PROFILE = {
    "name": {"value": "Eling Tide Mill", "quote": "Welcome to Eling Tide Mill.", "url": URL},
    "description": {"value": "A tide mill that still grinds flour.", "quote": "", "url": URL},
    "audience": {
        "value": "Families, schools and bakers near Southampton", "url": f"{URL}visit",
        "quote": "Families and schools are welcome; bakers come for the flour.",
    },
    "tone": {"value": "Warm, plain, a little proud", "quote": "", "url": URL},
    "language": {"value": "en", "quote": "", "url": URL},
    "topics": {"value": ["Tide mills", "Flour", "Visits"], "quote": "", "url": URL},
}  # fmt: skip
SUGGESTIONS = [
    {"topic": "Why the miller's day moves with the moon", "why": "It is asked on every tour."},
    {"topic": "Flour from a mill of 1086", "why": "Bakers look for where their flour comes from."},
    {"topic": "A visit with children", "why": "Families are most of the visitors."},
]
FACT = "The wheel turns for about five hours after each high water."


@dataclass
class Sites:
    owner: str = ""
    newcomer: str = ""
    sites: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


class Reading(Writer):
    """The log of a reading, from its beginning."""

    def open(self) -> Reading:
        told = RunQueued("ingest", 1, "1", {"url": URL})
        self._send(log.queue_call(self.run, packed(told), due_ms=60_000))
        self.tip = Cursor(0, 1)
        self.start()
        self.say((ROOT, SpanStarted("ingest", "h0")))
        return self

    def show(self, **objects: Any) -> Reading:
        self.say(*((ROOT, Object(label, value)) for label, value in objects.items()))
        return self

    def read(self, number: int, **more: Any) -> Reading:
        url = f"{URL}page-{number}"
        path, title = f'{ROOT}/read_page["{url}"]', f"What page {number} tells of the mill"
        facts = [{"claim": f"{FACT[:-1]}, says page {number}.", "quote": FACT}] * (number % 4)
        output = {
            "url": url, "title": title, "facts": facts,
            "summary": "How the mill works, and when.", "status": "done", "reason": "",
        }  # fmt: skip
        begun = SpanStarted("read_page", path, key=url, label=f"Read “{title}”", parent=ROOT)
        self.say((path, begun))
        self.say((path, SpanCompleted(_frozen(output | more), 900.0)))
        return self

    def progress(self, done: int, state: str = "reading", **more: Any) -> Reading:
        listed = [
            {"url": f"{URL}visit", "title": "Visit", "state": "reading", "reason": ""},
            {"url": f"{URL}flour/stone-ground", "title": "", "state": "queued", "reason": ""},
            {"url": f"{URL}intern", "title": "Intern", "state": "skipped",
             "reason": "It asks for a password."},
        ]  # fmt: skip
        told = {
            "state": state, "queued": 3, "reading": 1, "done": done, "skipped": 1, "total": 12,
            "facts": done * 2, "eta_s": [70, 130], "delay_s": 2.0, "listed": listed, "said": "",
        }  # fmt: skip
        self.say((ROOT, Status("Reading pages", done, 12)))
        return self.show(frontier=told | more)


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    """As a worker gives it."""
    return {"$": "dataclass", "class": "workflows.catalog.site:ReadPage", "fields": fields}


def main() -> None:
    made, owner = Sites(), person("sites@example.org")
    made.owner, made.newcomer = session(owner), session(person("no-sites@example.org"))
    with Redis.from_url(settings.GX.redis_url) as redis:
        for name in ("empty", "reading", "live", "still"):
            _keep(made, name, _begun(owner))
        Reading(redis, made.runs["reading"]).open().show(
            card=CARD, profile=PROFILE, suggestions=SUGGESTIONS
        ).read(1).read(2).read(3).progress(3)
        for name in ("empty", "live", "still"):
            Reading(redis, made.runs[name]).open()
    _keep(made, "failed", _failed(owner))
    _keep(made, "ready", _ready(owner))
    print(json.dumps(asdict(made)))


def _begun(owner: Any) -> Site:
    run = Run.objects.create(
        owner=owner, workflow="ingest", version=1, input={"url": URL}, attempt=1, status="running"
    )
    return results.draft(run).site


def _failed(owner: Any) -> Site:
    site = _begun(owner)
    site.tell(status=Site.Status.FAILED, note="The page could not be read: it asks for a password.")
    _end(site, "failed", error_type="empty_page")
    return site


def _end(site: Site, status: str, **more: Any) -> None:
    Run.objects.filter(site=site).update(status=status, finished_at=timezone.now(), **more)


def _ready(owner: Any) -> Site:
    """Read twice: with a page that is new, one that is gone, and a proposal."""
    site = _begun(owner)
    with Redis.from_url(settings.GX.redis_url) as redis:
        reading = Reading(redis, str(site.run_id)).open().show(card=CARD, profile=PROFILE)
        reading.show(suggestions=SUGGESTIONS)
        for number in range(1, 9):
            reading.read(number)
        reading.read(9, status="skipped", reason="It asks for a password.", facts=[])
    results.absorb(results.draft(site.run))  # type: ignore[arg-type]
    edit(site, "tone", "Plain")
    site.proposals.create(
        name="tone", digest="x", value="Warm, plain, a little proud", quote="Come and see!", url=URL
    )
    pages = list(site.pages.all()[:2])
    site.pages.filter(pk=pages[0].pk).update(change="new")
    site.pages.filter(pk=pages[1].pk).update(status="gone")
    site.fields.filter(name="audience").update(before="Families")
    site.tell(status=Site.Status.READY)
    _end(site, "completed", cost_usd=0.08)
    return site


def _keep(made: Sites, name: str, site: Site) -> None:
    made.sites[name], made.runs[name] = str(site.pk), str(site.run_id)
