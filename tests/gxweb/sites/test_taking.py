"""A site that is deleted is gone with everything of it; an account takes its sites along."""

from __future__ import annotations

import json
import zipfile
from typing import Any

from django.apps import apps
from django.test import Client
from redis import Redis

from gxweb.accounts.deletion import delete
from gxweb.accounts.export import archive
from gxweb.accounts.models import User
from gxweb.sites.models import Site
from gxweb.sites.profile import edit
from runs import history
from runs.models import Run
from tests.gxweb.sites.conftest import PROFILE, URL, Reader, again

CANARY = "canary7f3a"


def everywhere(redis: Redis) -> list[str]:
    """Each table and key in which the word is."""
    found = set()
    for model in apps.get_models():
        for row in model._default_manager.values():  # type: ignore[attr-defined]
            if CANARY in str(row):
                found.add(model._meta.label)
    for run in Run.objects.exclude(finished_at=None):
        if any(CANARY in str(event) for event in history.events(run)):
            found.add("archive")
    for key in redis.scan_iter("gx:*"):
        kind = redis.type(key)
        said = redis.xrange(key) if kind == b"stream" else kind == b"hash" and redis.hgetall(key)
        if CANARY in str(said):
            found.add("redis")
    return sorted(found)


def planted(reader: Reader, redis: Redis, site: Site) -> Site:
    """In every field that there is: read, edited, proposed, pasted, over two readings."""
    profile = {"audience": {"value": CANARY, "quote": CANARY, "url": URL + CANARY}}
    told = {"title": CANARY, "summary": CANARY, "facts": [{"claim": CANARY, "quote": CANARY}]}
    suggestions = [{"topic": CANARY, "why": CANARY}]
    reader.show(card={"title": CANARY}, profile=profile, suggestions=suggestions)
    reader.read(f"{URL}{CANARY}", **told).complete(note=CANARY).tell()
    edit(site, "tone", CANARY)
    found = PROFILE | {"tone": {"value": f"{CANARY} too", "quote": CANARY, "url": URL}}
    again(site, redis).show(profile=found).read(f"{URL}{CANARY}", **told).tell()
    site.pages.create(id=f"{site.pk}"[:-4] + "0000", number=0, url="", text=CANARY, status="told")
    site.refresh_from_db()
    return site


def test_deletion_leaves_none_of_its_text(
    as_ada: Client, as_bob: Client, reader: Reader, site: Site, redis: Redis
) -> None:
    planted(reader, redis, site)
    places = {
        "sites.Site", "sites.Page", "sites.Fact", "sites.Field", "sites.Proposal",
        "sites.Suggestion", "runs.Span", "archive", "redis",
    }  # fmt: skip
    assert places <= set(everywhere(redis))
    assert as_bob.post(f"/sites/{site.pk}/deletion/").status_code == 404
    assert "for good" in as_ada.get(f"/sites/{site.pk}/deletion/").content.decode()
    assert as_ada.post(f"/sites/{site.pk}/deletion/")["Location"] == "/sites/"
    assert everywhere(redis) == []
    assert not Run.objects.exists()


def test_a_site_told_by_hand_goes_too(as_ada: Client, redis: Redis) -> None:
    as_ada.post("/sites/by-hand/", {"name": CANARY, "text": CANARY})
    as_ada.post(f"/sites/{Site.objects.get().pk}/deletion/")
    assert [place for place in everywhere(redis) if place != "sessions.Session"] == []


def test_the_account_takes_its_sites_along(reader: Reader, site: Site, redis: Redis) -> None:
    planted(reader, redis, site)
    owner: Any = site.owner
    delete(owner)
    assert everywhere(redis) == []


def test_an_export_contains_it(ada: User, ready: Site) -> None:
    with archive(ada) as file, zipfile.ZipFile(file) as made:
        (row,) = [json.loads(line) for line in made.read("sites.site.jsonl").splitlines()]
        assert (row["id"], row["name"]) == (str(ready.pk), "Acme")
        for kind in ("page", "fact", "field", "reading", "suggestion"):
            assert made.read(f"sites.{kind}.jsonl")
