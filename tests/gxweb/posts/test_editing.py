"""Changing a post, two tabs at once, and looking back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from gxweb.posts.editing import diff
from gxweb.posts.models import Post
from gxweb.posts.results import draft
from runs.models import Run

FORM = {"title": "Mine", "description": "m", "markdown": "Mine\r\n\r\n*text*.", "revision": "1"}


def send(client: Client, post: Post, **given: Any) -> Any:
    return client.post(f"/posts/{post.id}/edit/", FORM | given)


def fresh(post: Post) -> Post:
    return Post.objects.get(pk=post.pk)


def test_a_save_is_a_new_version(as_ada: Client, post: Post) -> None:
    assert send(as_ada, post)["Location"] == f"/posts/{post.id}/"
    now = fresh(post)
    assert (now.title, now.markdown, now.revision) == ("Mine", "Mine\n\n*text*.", 2)


def test_saving_nothing_new_makes_no_version(as_ada: Client, post: Post) -> None:
    text = post.text
    send(as_ada, post, title=text.title, description=text.description, markdown=text.markdown)
    assert fresh(post).revision == 1


def test_the_second_of_two_tabs_is_told_and_nothing_is_overwritten(
    as_ada: Client, post: Post
) -> None:
    send(as_ada, post, title="Theirs", markdown="Theirs.")
    response = send(as_ada, post)
    html = response.content.decode()
    assert response.status_code == 409
    assert "saved elsewhere" in html
    assert "*text*." in html
    assert "Theirs." in html
    assert fresh(post).title == "Theirs"
    assert 'name="revision" value="2"' in html
    assert send(as_ada, post, revision="2").status_code == 302
    assert (fresh(post).title, fresh(post).revision) == ("Mine", 3)


def test_a_preview_saves_nothing(as_ada: Client, post: Post) -> None:
    html = send(as_ada, post, preview="1").content.decode()
    assert "<em>text</em>" in html
    part = as_ada.post(f"/posts/{post.id}/preview/", FORM).content.decode()
    assert part.startswith('<section class="preview"')
    assert "<em>text</em>" in part
    assert fresh(post).revision == 1


@pytest.mark.parametrize("given", [{"title": ""}, {"revision": ""}, {"markdown": "x" * 400_001}])
def test_what_cannot_be_saved_is_not(as_ada: Client, post: Post, given: dict[str, str]) -> None:
    assert send(as_ada, post, **given).status_code == 422
    assert fresh(post).revision == 1


def test_versions_tell_what_changed_and_can_come_back(as_ada: Client, post: Post) -> None:
    send(as_ada, post, markdown="# On salt\n\nSalt.\n")
    assert "as it was written" in as_ada.get(f"/posts/{post.id}/revisions/").content.decode()
    html = as_ada.get(f"/posts/{post.id}/revisions/2/").content.decode()
    assert '<div class="gone"><span class="unseen">removed: </span>Salt is dear. [c1]</div>' in html
    assert '<div class="come"><span class="unseen">added: </span>Salt.</div>' in html
    as_ada.post(f"/posts/{post.id}/revisions/1/")
    assert (fresh(post).text, fresh(post).revision) == (post.text, 3)
    assert as_ada.get(f"/posts/{post.id}/revisions/9/").status_code == 404


def test_a_post_that_is_being_written_cannot_be_edited(as_ada: Client, run: Run) -> None:
    post = draft(run)
    assert as_ada.get(f"/posts/{post.id}/edit/").status_code == 404
    assert send(as_ada, post).status_code == 404


def test_a_stranger_changes_nothing(as_bob: Client, post: Post) -> None:
    assert send(as_bob, post).status_code == 404
    assert as_bob.post(f"/posts/{post.id}/revisions/1/").status_code == 404
    assert fresh(post).revision == 1


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ([], ["a"], [("come", "a")]),
        (["a"], ["b"], [("gone", "a"), ("come", "b")]),
        (["a"], ["a"], []),
        (list("abcdef"), list("abcdeX"),
         [("skip", "…"), ("same", "d"), ("same", "e"), ("gone", "f"), ("come", "X")]),
    ],
)  # fmt: skip
def test_what_changed(old: list[str], new: list[str], changes: list[tuple[str, str]]) -> None:
    assert list(diff(old, new)) == changes
