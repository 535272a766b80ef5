"""A new post: what one may type, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gxweb.posts.models import Post
from runs.models import Run
from tests.valkey import free_port

FORM = {"topic": "Salt", "notes": "Salt is dear.", "words": "1200"}


def send(client: Client, **given: Any) -> Any:
    return client.post("/posts/new/", FORM | given)


def test_it_starts_a_run_and_leads_to_its_post(as_ada: Client) -> None:
    response = send(as_ada, audience="Cooks", tone="Dry", language="German", words="600")
    post = Post.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/posts/{post.id}/")
    assert post.run.input == {
        "topic": "Salt", "notes": "Salt is dear.", "site_id": None, "audience": "Cooks",
        "tone": "Dry", "language": "German", "words": 600, "urls": [], "review_outline": False,
            "instructions": [], "site": None,
    }  # fmt: skip


def test_pages_to_read_are_whole_addresses_each_once(as_ada: Client) -> None:
    send(as_ada, urls=" acme.com/about \n\nhttps://acme.com/about\nhttp://b.example")
    assert Run.objects.get().input["urls"] == ["https://acme.com/about", "http://b.example/"]


def test_the_same_form_sent_twice_is_one_run(as_ada: Client) -> None:
    key = str(uuid4())
    places = {send(as_ada, key=key)["Location"] for _ in range(2)}
    assert len(places) == Run.objects.count() == 1
    assert send(as_ada, key=key, topic="Wool")["Location"] not in places


def test_a_file_is_added_to_the_notes(as_ada: Client) -> None:
    file = SimpleUploadedFile("more.md", "\ufeffWool is nöt.".encode())
    send(as_ada, file=file)
    assert Run.objects.get().input["notes"] == "Salt is dear.\n\nWool is nöt."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"topic": ""}, "This field is required"),
        ({"topic": "x" * 301}, "at most 300 characters"),
        ({"notes": "ü" * 110_000}, "up to 200 KB"),
        ({"urls": "http://10.0.0.1.\nftp://x.example/"}, "not a web address"),
        ({"urls": "http://localhost/"}, "may not be read from here"),
        ({"urls": "\n".join(f"a{n}.example" for n in range(11))}, "10 pages are the most"),
        ({"words": "9"}, "not one of the available choices"),
        ({"file": SimpleUploadedFile("x.pdf", b"%PDF")}, "Choose a .md or .txt file"),
        ({"file": SimpleUploadedFile("x.txt", b"\xff\xfe\x00")}, "not UTF-8 text"),
        ({"file": SimpleUploadedFile("x.txt", b"x" * 204_801)}, "over 200 KB"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    as_ada: Client, given: dict[str, Any], said: str
) -> None:
    response = send(as_ada, tone="Dry as salt", **given)
    html = response.content.decode()
    assert response.status_code == 422
    assert said in html
    assert "Dry as salt" in html
    assert not Run.objects.exists()


def test_over_quota_is_said_on_the_form(as_ada: Client, settings: Any) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=0)
    response = send(as_ada)
    assert response.status_code == 429
    assert "Try again when one has ended" in response.content.decode()


def test_without_redis_what_was_typed_is_kept(as_ada: Client, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    response = send(as_ada)
    assert response.status_code == 503
    assert "Salt is dear." in response.content.decode()


def test_a_topic_comes_along_from_the_first_page(client: Client, as_ada: Client) -> None:
    response = client.get("/posts/new/?topic=Salt+%26+wool")
    place = "/posts/new/%3Ftopic%3DSalt%2B%2526%2Bwool"
    assert response["Location"] == f"/accounts/signup/?next={place}"
    assert (
        'value="Salt &amp; wool"' in as_ada.get("/posts/new/?topic=Salt+%26+wool").content.decode()
    )


def test_who_is_not_signed_in_is_asked_to(client: Client) -> None:
    assert client.get("/posts/new/")["Location"] == "/accounts/login/?next=/posts/new/"


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({"words": "600"}, 8),
        ({"words": "600", "site": "x"}, 10),
        ({"words": "2000", "notes": "x" * 30_000}, 15),
        ({"words": "x"}, 9),
        ({"words": "9" * 5000}, 9),
    ],
)
def test_the_estimate_follows_the_form(as_ada: Client, given: dict[str, str], calls: int) -> None:
    html = as_ada.post("/posts/new/estimate/", given).content.decode()
    assert f"About {calls} calls" in html


def test_what_a_post_was_begun_with_begins_another(as_ada: Client, as_bob: Client) -> None:
    form = {
        "topic": "Salt", "notes": "Salt is <dear>.", "audience": "Cooks", "tone": "Dry",
        "language": "German", "words": "600", "review_outline": "on",
        "urls": "https://acme.com/a\nhttps://acme.com/b",
    }  # fmt: skip
    send(as_ada, **form)
    place = f"/posts/new/?again={Post.objects.get().pk}"
    page = as_ada.get(place)
    given = page.context["form"]
    assert {name: given[name].value() for name in form} == form | {
        "words": 600, "review_outline": True,
    }  # fmt: skip
    assert "Salt is &lt;dear&gt;." in page.content.decode()
    for client, other in ((as_bob, place), (as_ada, "/posts/new/?again=x")):
        assert not client.get(other).context["form"]["topic"].value()


def test_a_stopped_post_without_text_can_be_tried_again(as_ada: Client) -> None:
    send(as_ada)
    post = Post.objects.get()
    Run.objects.filter(pk=post.run_id).update(status="cancelled", finished_at=post.created_at)
    Post.objects.update(status=Post.Status.STOPPED)
    post.writings.update(ended=True)
    page = as_ada.get(f"/posts/{post.pk}/").content.decode()
    assert f'href="/posts/new/?again={post.pk}"' in page
