"""Taking a post away, and deleting it with everything of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from redis import Redis

from gxweb.posts.models import Post
from gxweb.posts.results import draft
from gxweb.posts.taking import front_matter
from gxweb.posts.text import Text
from runs.lifecycle import start
from runs.models import Run
from tests.valkey import free_port

CANARY = "canary-4f1d"


def test_markdown_has_front_matter_and_the_text_to_the_letter(as_ada: Client, post: Post) -> None:
    response = as_ada.get(f"/posts/{post.id}.md")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="on-salt.md"'
    head, text = response.content.decode().split("\n---\n\n")
    assert text == post.markdown
    assert head.splitlines()[:4] == [
        "---", 'title: "On salt"', 'description: "What salt costs."', 'slug: "on-salt"',
    ]  # fmt: skip


def test_front_matter_cannot_be_broken_out_of() -> None:
    told = front_matter(Post(title='a"\n---\nb: c', description="\u2028", slug="x"))
    assert told.count("\n---\n") == 1
    assert r'title: "a\"\n---\nb: c"' in told


def test_html_is_one_file_that_does_nothing(as_ada: Client, post: Post) -> None:
    assert post.edit(Text("<b>", "", "<script>fired(1)</script>\n\n*x* [c1]"), at=1)
    response = as_ada.get(f"/posts/{post.id}.html")
    html = response.content.decode()
    assert response["Content-Disposition"].startswith("attachment")
    assert "<h1>&lt;b&gt;</h1>" in html
    assert "<em>x</em>" in html
    assert "<script" not in html


@pytest.mark.parametrize(("asked", "told"), [("Deutsch", 'lang="de"'), ("in rhymes", "<html>")])
def test_it_says_its_language_if_that_is_known(
    as_ada: Client, post: Post, asked: str, told: str
) -> None:
    post.run.input["language"] = asked
    post.run.save()
    place = as_ada.post(f"/posts/{post.pk}/link/")["Location"]
    shown = as_ada.get(place).context["place"]
    assert told in as_ada.get(f"/posts/{post.pk}.html").content.decode()
    for page in (f"/posts/{post.pk}/", shown.removeprefix("http://testserver")):
        html = as_ada.get(page).content.decode()
        assert html.count("lang=") == (2 if "lang" in told else 1)


def test_deleting_a_post_leaves_nothing_of_it(as_ada: Client, ada: Any, redis: Redis) -> None:
    brief = {"topic": f"{CANARY} topic", "notes": f"{CANARY} notes"}
    post = draft(start(owner=ada, workflow="blog", input=brief).run)
    assert CANARY in as_ada.get(f"/posts/{post.id}/deletion/").content.decode()
    response = as_ada.post(f"/posts/{post.id}/deletion/")
    assert response["Location"] == "/posts/"
    assert not Run.objects.exists()
    assert holding(redis) == []


def holding(redis: Redis) -> list[str]:
    """Rows and keys in which the canary is left; a message to its own person is not one."""
    rows = [
        model.__name__
        for model in apps.get_models()
        for row in model._default_manager.values()
        if CANARY in str(row)
    ]
    found = [key for key in redis.scan_iter() if redis.type(key) != b"none"]
    dumped = [key.decode() for key in found if CANARY.encode() in (redis.dump(key) or b"")]
    streams = [key.decode() for key in found if b":log" in key or b":blob" in key]
    return rows + dumped + streams


def test_without_redis_nothing_is_deleted(as_ada: Client, post: Post, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert as_ada.post(f"/posts/{post.id}/deletion/")["Location"] == f"/posts/{post.id}/"
    assert Post.objects.filter(pk=post.pk).exists()


@pytest.mark.parametrize("ending", [".md", ".html", "/deletion/"])
def test_a_stranger_takes_nothing(as_bob: Client, post: Post, ending: str) -> None:
    assert as_bob.get(f"/posts/{post.id}{ending}").status_code == 404
    assert as_bob.post(f"/posts/{post.id}{ending}").status_code in {404, 405}
    assert Post.objects.filter(pk=post.pk).exists()
