"""The pages of sites: they work with nothing but a browser's forms."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from redis import Redis

from gxweb.sites.models import Page, Site
from runs.models import Run
from tests.gxweb.sites.conftest import CARD, PROFILE, SUGGESTIONS, URL, Reader
from tests.valkey import free_port
from workflows.wire import inbox

HAND = {"name": "", "description": "", "audience": "", "tone": "", "text": ""}


def html(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def test_one_field_starts_a_reading_and_leads_to_its_page(as_ada: Client) -> None:
    response = as_ada.post("/sites/new/", {"url": "acme.com"})
    site = Site.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/sites/{site.pk}/")
    assert (site.url, site.run.workflow) == ("https://acme.com/", "ingest")  # type: ignore[union-attr]
    page = html(as_ada, f"/sites/{site.pk}/")
    assert f'data-run="{site.run_id}" data-status="queued"' in page
    assert f"/ws/runs/{site.run_id}/" in page


def test_the_same_form_sent_twice_is_one_site(as_ada: Client) -> None:
    key = str(uuid4())
    for _ in range(2):
        as_ada.post("/sites/new/", {"url": "acme.com", "key": key})
    assert (Site.objects.count(), Run.objects.count()) == (1, 1)
    as_ada.post("/sites/new/", {"url": "other.com", "key": key})
    assert Site.objects.count() == 2


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "This field is required"),
        ("not an address", "That is not a web address"),
        ("http://localhost/", "may not be read from here"),
        ("http://intranet/", "may not be read from here"),
        ("https://acme.com:22/", "port 22"),
    ],
)
def test_a_bad_address_is_told_at_once_and_offers_another_way(
    as_ada: Client, url: str, said: str
) -> None:
    response = as_ada.post("/sites/new/", {"url": url})
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert "/sites/by-hand/" in page
    assert not Run.objects.exists()


def test_over_quota_and_without_redis_what_was_typed_is_kept(as_ada: Client, settings: Any) -> None:
    gx = settings.GX
    settings.GX = replace(gx, user_concurrent_runs=0)
    over = as_ada.post("/sites/new/", {"url": "acme.com"})
    settings.GX = replace(gx, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    away = as_ada.post("/sites/new/", {"url": "acme.com"})
    assert (over.status_code, away.status_code) == (429, 503)
    assert all('value="acme.com"' in one.content.decode() for one in (over, away))


def test_who_comes_with_an_address_is_asked_to_sign_up(client: Client) -> None:
    assert client.get("/sites/new/")["Location"] == "/accounts/login/?next=/sites/new/"
    door = client.get("/sites/new/", {"url": "acme.com"})["Location"]
    assert door == "/accounts/signup/?next=/sites/new/%3Furl%3Dacme.com"


def test_the_page_shows_what_was_read_so_far(as_ada: Client, reader: Reader, site: Site) -> None:
    reader.show(card=CARD)
    page = html(as_ada, f"/sites/{site.pk}/")
    assert "Salt and wool." in page
    assert '<button class="button main" disabled>Write your first post' in page
    reader.show(profile=PROFILE, suggestions=SUGGESTIONS).read(f"{URL}salt").begin(f"{URL}b")
    page = html(as_ada, f"/sites/{site.pk}/")
    assert f"/posts/new/?site={site.pk}&amp;topic=Topic%201" in page
    assert "We are Acme." in page
    assert "Salt costs four pounds." in page
    assert f'data-page="{URL}salt" data-state="done"' in page


def test_a_finished_site_shows_its_rows(as_ada: Client, ready: Site) -> None:
    page = html(as_ada, f"/sites/{ready.pk}/")
    assert 'data-status="completed"' in page
    assert "Salt costs four pounds." in page
    assert "ws-connect" not in page
    assert "1 page · 1 fact" in page
    assert "Read again" in page


def test_the_list_and_the_first_page_name_it(as_ada: Client, as_bob: Client, ready: Site) -> None:
    for path in ("/sites/", "/"):
        assert f"/sites/{ready.pk}/" in html(as_ada, path)
        assert f"/sites/{ready.pk}/" not in html(as_bob, path)
    assert "No sites yet" in html(as_bob, "/sites/")


def test_a_field_is_edited_in_place_and_without_a_script(as_ada: Client, ready: Site) -> None:
    path = f"/sites/{ready.pk}/fields/topics/"
    assert "<main>" in html(as_ada, path)
    part = as_ada.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "Salt\nWool</textarea>" in part
    assert "<main>" not in part
    assert as_ada.post(path, {"value": " Salt \n\nTin\n"})["Location"] == f"/sites/{ready.pk}/"
    assert ready.fields.get(name="topics").value == ["Salt", "Tin"]
    part = as_ada.post(path, {"value": "Tin"}, headers={"HX-Request": "true"}).content.decode()
    assert 'data-field="topics" data-source="edited"' in part
    assert as_ada.get(f"/sites/{ready.pk}/fields/owner/").status_code == 404
    assert as_ada.post(path, {"value": "x" * 3000}).status_code == 200
    assert ready.fields.get(name="topics").value == ["Tin"]


def test_two_tabs_on_one_field(as_ada: Client, ready: Site) -> None:
    """The second is told what the first has saved, and nothing is lost: not theirs either."""
    path = f"/sites/{ready.pk}/fields/audience/"
    tabs = [as_ada.get(path).context["form"].initial["seen"] for _ in range(2)]
    as_ada.post(path, {"value": "Bakers", "seen": tabs[0]})
    late = {"value": "Millers", "seen": tabs[1]}
    told = as_ada.post(path, late)
    assert told.status_code == 409
    assert "says now: “Bakers”" in told.content.decode()
    assert ">\nMillers</textarea>" in told.content.decode()
    assert ready.fields.get(name="audience").value == "Bakers"
    here = as_ada.post(path, late, headers={"HX-Request": "true"})
    assert (here["HX-Retarget"], here["HX-Reswap"]) == ('[data-field="audience"]', "innerHTML")
    as_ada.post(path, {**late, "seen": told.context["form"]["seen"].value()})
    assert ready.fields.get(name="audience").value == "Millers"


def test_what_a_reading_found_meanwhile_is_not_in_ones_way(as_ada: Client, ready: Site) -> None:
    path = f"/sites/{ready.pk}/fields/audience/"
    seen = as_ada.get(path).context["form"].initial["seen"]
    ready.fields.update_or_create(name="audience", defaults={"value": "Found", "edited": False})
    as_ada.post(path, {"value": "Mine", "seen": seen})
    assert ready.fields.get(name="audience").value == "Mine"


def test_a_proposal_is_accepted_or_dismissed(as_ada: Client, ready: Site) -> None:
    as_ada.post(f"/sites/{ready.pk}/fields/audience/", {"value": "Mine"})
    for answer in ("dismissal", "acceptance"):
        one = ready.proposals.create(name="audience", digest=answer, value=f"Found {answer}")
        page = html(as_ada, f"/sites/{ready.pk}/")
        assert f"Found {answer}" in page
        path = f"/sites/{ready.pk}/proposals/{one.pk}/{answer}/"
        assert as_ada.post(path)["Location"] == f"/sites/{ready.pk}/"
        assert 'data-proposal="audience"' not in html(as_ada, f"/sites/{ready.pk}/")
    assert ready.fields.get(name="audience").value == "Found acceptance"


def test_words_to_a_reading_are_signals(
    as_ada: Client, reader: Reader, site: Site, redis: Redis
) -> None:
    as_ada.post(f"/sites/{site.pk}/pages/", {"url": "/pricing"})
    as_ada.post(f"/sites/{site.pk}/pages/", {"url": "acme.example/about"})
    as_ada.post(f"/sites/{site.pk}/pages/", {"url": "http://localhost/"})
    as_ada.post(f"/sites/{site.pk}/omissions/", {"path": "https://acme.example/jobs/?x=1"})
    as_ada.post(f"/sites/{site.pk}/omissions/", {"path": "/"})
    place = {"next": f"/sites/{site.pk}/"}
    back = as_ada.post(f"/runs/{reader.run.pk}/signals/pause/", place)
    assert back["Location"] == f"/sites/{site.pk}/"
    sent = [(one.name, one.value) for one in inbox.read(redis, str(reader.run.pk)).signals]
    assert sent == [
        ("add", {"url": f"{URL}pricing"}), ("add", {"url": f"{URL}about"}),
        ("leave_out", {"path": "/jobs/"}), ("pause", None),
    ]  # fmt: skip
    assert "may not be read from here" in html(as_ada, f"/sites/{site.pk}/")


def test_after_its_end_nothing_is_sent(as_ada: Client, ready: Site) -> None:
    as_ada.post(f"/sites/{ready.pk}/pages/", {"url": "/pricing"})
    assert "The reading is over" in html(as_ada, f"/sites/{ready.pk}/")


def test_it_can_be_read_again_and_a_double_click_is_one_reading(
    as_ada: Client, ready: Site
) -> None:
    [key] = re.findall(r'name="key" value="([^"]+)"', html(as_ada, f"/sites/{ready.pk}/"))
    as_ada.post(f"/sites/{ready.pk}/readings/", {"key": key})
    ready.refresh_from_db()
    assert ready.status == "reading"
    assert "Acme" in html(as_ada, f"/sites/{ready.pk}/")
    ready.tell(status="stopped")  # the other click comes when that one has ended
    as_ada.post(f"/sites/{ready.pk}/readings/", {"key": key})
    assert (ready.readings.count(), Run.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    ("type", "said"),
    [
        ("unreachable", "reading it again later can help"),
        ("robots_denied", "asks programs to stay away"),
        ("empty_page", "in the browser"),
        ("not_html", "no page that can be read"),
        ("forbidden_address", "never read from here"),
    ],
)
def test_what_cannot_be_read_is_no_dead_end(
    as_ada: Client, reader: Reader, site: Site, type: str, said: str
) -> None:
    reader.fail(type, "So it was.").tell()
    page = html(as_ada, f"/sites/{site.pk}/")
    assert "So it was." in page
    assert said in page
    path = f"/sites/{site.pk}/by-hand/"
    assert f'action="{path}"' in page
    assert as_ada.post(path, HAND).status_code == 422
    as_ada.post(path, HAND | {"text": "Salt is dear.\n\nWool is not."})
    site.refresh_from_db()
    assert (site.status, Page.objects.get().text) == ("ready", "Salt is dear.\n\nWool is not.")
    assert f"/posts/new/?site={site.pk}" in html(as_ada, f"/sites/{site.pk}/")


def test_a_site_can_be_told_without_reading_anything(as_ada: Client) -> None:
    assert 'value="acme.com"' in html(as_ada, "/sites/by-hand/?url=acme.com")
    sent = HAND | {"url": "http://localhost/", "name": "Acme", "audience": "Cooks"}
    place = as_ada.post("/sites/by-hand/", sent)["Location"]
    site = Site.objects.get()
    assert (site.title, site.status, site.url, place) == ("Acme", "ready", "", f"/sites/{site.pk}/")
    page = html(as_ada, place)
    assert "Cooks" in page
    assert 'data-source="edited"' in page
    assert "Read again" not in page


def test_what_is_told_twice_by_one_form_is_one_site(as_ada: Client, as_bob: Client) -> None:
    [key] = re.findall(r'name="key" value="([^"]+)"', html(as_ada, "/sites/by-hand/"))
    for client in (as_ada, as_ada, as_bob):
        client.post("/sites/by-hand/", HAND | {"url": "", "name": "Acme", "key": key})
    owners = Site.objects.order_by("owner__email").values_list("owner__email", flat=True)
    assert list(owners) == ["ada@example.org", "bob@example.org"]


def test_what_was_told_before_is_there_to_be_gone_on_with(as_ada: Client, ready: Site) -> None:
    path = f"/sites/{ready.pk}/by-hand/"
    as_ada.post(path, HAND | {"text": "Salt is dear."})
    page = html(as_ada, path)
    assert "Salt is dear.</textarea>" in page
    assert 'value="Cooks"' in page
    as_ada.post(path, HAND | {"audience": "Cooks", "text": "Salt is dear.\n\nWool is not."})
    assert ready.pages.get(status="told").text == "Salt is dear.\n\nWool is not."
    assert not ready.fields.filter(edited=True).exists()  # nobody has changed what was found


def hand_form(client: Client, site: Site) -> dict[str, str]:
    """All that a browser would send back of it, untouched."""
    page = client.get(f"/sites/{site.pk}/by-hand/")
    assert 'name="initial-audience"' in page.content.decode()
    form = page.context["form"]
    fields = {name: str(form[name].value() or "") for name in (*HAND, "text", "seen")}
    return fields | {f"initial-{name}": fields[name] for name in HAND}


def test_what_is_not_touched_by_hand_does_not_undo_what_is_said_elsewhere(
    as_ada: Client, ready: Site
) -> None:
    """The form may stand beside the profile, whose fields are edited in place."""
    sent = hand_form(as_ada, ready)
    as_ada.post(f"/sites/{ready.pk}/fields/audience/", {"value": "Bakers"})
    as_ada.post(f"/sites/{ready.pk}/by-hand/", sent | {"text": "Salt is dear."})
    assert ready.pages.get(status="told").text == "Salt is dear."
    assert ready.fields.get(name="audience").value == "Bakers"
    assert list(ready.fields.filter(edited=True).values_list("name", flat=True)) == ["audience"]


def test_two_tabs_that_paste(as_ada: Client, ready: Site) -> None:
    path = f"/sites/{ready.pk}/by-hand/"
    first, second = hand_form(as_ada, ready), hand_form(as_ada, ready)
    assert as_ada.post(path, first | {"text": "Salt\r\nis dear."}).status_code == 302
    mine = {"text": "Wool is not.", "name": "Salt & Wool"}
    told = as_ada.post(path, second | mine)
    assert told.status_code == 409
    assert "Another text was saved here" in told.content.decode()
    assert ready.pages.get(status="told").text == "Salt\r\nis dear."
    assert not ready.fields.filter(edited=True).exists()
    again = second | mine | {"seen": told.context["form"]["seen"].value()}
    assert as_ada.post(path, again).status_code == 302
    assert ready.pages.get(status="told").text == "Wool is not."
    assert ready.fields.get(name="name").value == "Salt & Wool"


def test_of_a_run_leads_to_its_site(as_ada: Client, ready: Site) -> None:
    assert as_ada.get(f"/sites/of/{ready.run_id}/")["Location"] == f"/sites/{ready.pk}/"
    assert f"/sites/of/{ready.run_id}/" in html(as_ada, f"/runs/{ready.run_id}/")
