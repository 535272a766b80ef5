"""The first page: for those who come, and for those who are here."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.test import Client

from gxweb.posts import results, sample
from gxweb.posts.models import Post
from gxweb.posts.text import Text
from runs.lifecycle import start
from runs.models import Run
from tests.gxweb.accounts.conftest import PASSWORD
from tests.gxweb.posts.conftest import *  # noqa: F403 - its people and its post
from tests.gxweb.posts.conftest import BRIEF, OUTPUT


def made_sample() -> Post:
    run = Run.objects.create(owner_id=sample.nobody().pk, workflow="blog", version=1, input={})
    post = results.draft(run)
    text = Text("Tide mills", "By the moon.", "# Tide mills\n\n## Work\n\nBy *night*. [c1]\n")
    post.finish(Post.Status.READY, text, sources=OUTPUT["sources"])
    return post


def test_who_comes_can_begin_at_once(client: Client, post: Post) -> None:
    html = client.get("/").content.decode()
    assert '<form class="hero-form" action="/sites/new/">' in html
    assert 'name="url"' in html
    assert "Sample" not in html
    assert "On salt" not in html


def test_a_pasted_address_survives_signing_up(client: Client) -> None:
    door = client.get("/sites/new/", {"url": " acme.com/about?x=1&y=2 "})["Location"]
    assert door.startswith("/accounts/signup/?next=")
    form = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    onward = parse_qs(urlsplit(door).query)["next"][0]
    place = client.post(door, form | {"next": onward})["Location"]
    html = client.get(place).content.decode()
    assert 'value="acme.com/about?x=1&amp;y=2"' in html


def test_a_sample_is_shown_and_labelled(client: Client) -> None:
    made_sample()
    html = client.get("/").content.decode()
    assert "offline demo model" in html
    assert "<em>night</em>" in html
    page = client.get("/sample/").content.decode()
    assert "offline demo model" in page
    assert 'id="source-c1"' in page


def test_without_a_sample_there_is_no_page_of_it(client: Client, post: Post) -> None:
    assert client.get("/sample/").status_code == 404


def test_who_is_new_here_is_asked_for_a_topic(as_ada: Client) -> None:
    made_sample()
    html = as_ada.get("/").content.decode()
    assert "What should your first post be about?" in html
    assert "Tide mills" not in html


def test_what_is_going_on_stands_before_what_is_done(as_ada: Client, post: Post) -> None:
    other = start(owner=post.owner, workflow="blog", input=BRIEF | {"topic": "Going"}).run
    results.draft(other)
    html = as_ada.get("/").content.decode()
    assert html.index("Going on") < html.index(str(other.post.id)) < html.index("Last posts")
    assert html.index("Last posts") < html.index(str(post.id))


def test_a_run_without_a_post_is_going_on_too(as_ada: Client, run: Run) -> None:
    assert f"/runs/{run.id}/" in as_ada.get("/").content.decode()


def test_the_first_page_of_others_says_nothing_of_mine(as_bob: Client, post: Post) -> None:
    assert "On salt" not in as_bob.get("/").content.decode()
