"""What a person has edited stays, and what readings find for it is proposed."""

from __future__ import annotations

from typing import Any

from redis import Redis

from gxweb.sites.models import Site
from gxweb.sites.profile import edit
from tests.gxweb.sites.conftest import PROFILE, URL, again


def field(site: Site, name: str = "audience") -> tuple[Any, bool]:
    found = site.fields.get(name=name)
    return found.value, found.edited


def proposed(site: Site) -> list[Any]:
    return [one.value for one in site.proposals.filter(dismissed=False)]


def reread(site: Site, redis: Redis, audience: str) -> None:
    told = PROFILE | {"audience": {"value": audience, "quote": f"For {audience}.", "url": URL}}
    again(site, redis).show(profile=told).complete().tell()


def test_an_edited_field_is_locked(ready: Site, redis: Redis) -> None:
    edit(ready, "audience", "Bakers")
    reread(ready, redis, "Brewers")
    assert field(ready) == ("Bakers", True)
    assert proposed(ready) == ["Brewers"]


def test_what_is_dismissed_is_not_proposed_again(ready: Site, redis: Redis) -> None:
    edit(ready, "audience", "Bakers")
    reread(ready, redis, "Brewers")
    ready.proposals.get().dismiss()
    reread(ready, redis, "Brewers")
    assert proposed(ready) == []
    reread(ready, redis, "Millers")
    assert (field(ready), proposed(ready)) == (("Bakers", True), ["Millers"])


def test_what_is_accepted_follows_the_readings_again(ready: Site, redis: Redis) -> None:
    edit(ready, "audience", "Bakers")
    reread(ready, redis, "Brewers")
    ready.proposals.get().accept()
    assert field(ready) == ("Brewers", False)
    assert ready.fields.get(name="audience").quote == "For Brewers."
    reread(ready, redis, "Millers")
    assert (field(ready), proposed(ready)) == (("Millers", False), [])


def test_only_the_newest_finding_is_proposed_and_none_that_agrees(
    ready: Site, redis: Redis
) -> None:
    edit(ready, "audience", "Bakers")
    reread(ready, redis, "Brewers")
    reread(ready, redis, "Millers")
    assert proposed(ready) == ["Millers"]
    reread(ready, redis, "Bakers")
    assert proposed(ready) == []


def test_the_name_is_the_site_s_title(ready: Site) -> None:
    edit(ready, "name", "Mine")
    assert Site.objects.get(pk=ready.pk).title == "Mine"
