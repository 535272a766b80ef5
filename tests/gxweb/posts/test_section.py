"""One section of a finished post written anew, through everything: the page, the log, the worker,
a model that counts what it is asked. Nothing else is asked for again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from redis import Redis

from gxweb.posts import sections
from gxweb.posts.models import Post
from gxweb.posts.text import Text
from runs import history
from runs.lifecycle import cancel
from runs.models import Run
from runs.projector import Projector
from tests.gxweb.posts.press import Press


def parts(post: Post) -> list[str]:
    return [one["markdown"] for one in post.run.output["sections"]]


def forked_from(post: Post) -> Run:
    assert post.run.forked_from is not None
    return post.run.forked_from


def test_only_that_section_is_paid_again(press: Press, written: Post, as_ada: Client) -> None:
    before, old = parts(written), written.run
    asked_first = press.asked()
    page = as_ada.get(f"/posts/{written.pk}/").content.decode()
    assert f"/posts/{written.pk}/sections/2/" in page
    assert as_ada.get(f"/posts/{written.pk}/sections/2/").status_code == 200
    press.changed[2] = "Quite another text."
    post = press.write(f"/posts/{written.pk}/sections/2/", {"wish": "Quite another"})
    assert press.asked() == {"section 2": 1, "edits": 1, "description": 1}
    assert sum(asked_first.values()) > 6
    assert "wish: Quite another" in "\n".join(press.model.asked[0].texts)
    after = parts(post)
    assert after[1].startswith("Quite another text.")
    assert [*after[:1], *after[2:]] == [*before[:1], *before[2:]]
    assert (post.pk, post.revision, post.status) == (written.pk, 2, "ready")
    assert (post.run.forked_from, post.run.calls) == (old, 3)
    assert "Quite another text." in post.markdown


def test_the_page_of_the_run_shows_what_the_post_says(
    press: Press, written: Post, as_ada: Client
) -> None:
    press.changed[2] = "Quite another text."
    post = press.write(f"/posts/{written.pk}/sections/2/", {"wish": "Quite another"})
    state = history.state(post.run)
    shown = [channel.text for _, channel in sorted(state.channels.items())]
    assert shown == parts(post)
    replayed = Counter(s.name for s in state.spans.values() if state.replayed(s))
    assert replayed["write_section"] == len(shown) - 1
    # The plan reads as before: nothing is left of the section that was replaced.
    old = forked_from(post)
    assert sorted(state.spans) == sorted(old.spans.values_list("path", flat=True))


def test_wishes_for_several_sections_add_up(press: Press, written: Post, as_ada: Client) -> None:
    path = f"/posts/{written.pk}/sections"
    press.changed[2] = "Second, anew."
    press.write(f"{path}/2/", {"wish": "Anew"})
    press.changed[1] = "First, anew."
    post = press.write(f"{path}/1/", {"wish": "This too"})
    assert press.asked() == {"section 1": 1, "edits": 1, "description": 1}
    assert parts(post)[1].startswith("Second, anew.")
    assert post.run.input["instructions"] == [
        {"section": 2, "text": "Anew"}, {"section": 1, "text": "This too"},
    ]  # fmt: skip
    found = sections.find(post, 2)
    assert found is not None
    assert found.wish == "Anew"
    assert "Anew" in as_ada.get(f"{path}/2/").content.decode()
    post = press.write(f"{path}/2/", {"wish": ""})
    assert post.run.input["instructions"] == [{"section": 1, "text": "This too"}]


def test_without_a_wish_it_is_asked_for_once_more(press: Press, written: Post) -> None:
    press.changed[3] = "Said otherwise."
    post = press.write(f"/posts/{written.pk}/sections/3/", {})
    assert press.asked() == {"section 3": 1, "edits": 1, "description": 1}
    assert post.run.input == forked_from(post).input
    assert parts(post)[2].startswith("Said otherwise.")


def test_ones_own_words_in_other_sections_stay(press: Press, written: Post) -> None:
    first = parts(written)[0]
    mine = written.markdown.replace(first, "My own words.")
    assert written.edit(Text(written.title, written.description, mine), at=1)
    press.changed[2] = "Quite another text."
    post = press.write(f"/posts/{written.pk}/sections/2/", {"wish": "Quite another"})
    assert "My own words." in post.markdown
    assert "Quite another text." in post.markdown
    assert [one.number for one in post.revisions.order_by("number")] == [1, 2, 3, 4]


def test_ones_own_words_in_that_section_were_to_go(press: Press, written: Post) -> None:
    mine = written.markdown.replace(parts(written)[1], "My own words.")
    assert written.edit(Text(written.title, written.description, mine), at=1)
    press.changed[2] = "Quite another text."
    post = press.write(f"/posts/{written.pk}/sections/2/", {"wish": "Quite another"})
    assert "My own words." not in post.markdown
    assert "Quite another text." in post.markdown


def test_a_double_click_is_one_run(written: Post, as_ada: Client) -> None:
    path = f"/posts/{written.pk}/sections/2/"
    form = {"wish": "x", "key": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
    as_ada.post(path, form)
    as_ada.post(path, form)
    assert Run.objects.live().count() == 1


@pytest.mark.parametrize("number", [0, 9, 10**30])
def test_there_is_no_such_section(written: Post, as_ada: Client, number: int) -> None:
    path = f"/posts/{written.pk}/sections/{number}/"
    assert as_ada.get(path)["Location"] == f"/posts/{written.pk}/"


def test_while_a_run_goes_no_section_is_rewritten(written: Post, as_ada: Client) -> None:
    as_ada.post(f"/posts/{written.pk}/sections/2/", {"wish": "x"})
    post = Post.objects.get(pk=written.pk)
    assert (sections.find(post, 1), sections.numbers(post)) == (None, {})


def test_after_a_rewrite_was_stopped_the_text_can_be_rewritten_still(
    press: Press, written: Post, as_ada: Client, redis: Redis
) -> None:
    as_ada.post(f"/posts/{written.pk}/sections/2/", {"wish": "x"})
    cancel(Post.objects.get(pk=written.pk).run, by="owner")
    Projector(redis).poll()
    press.changed[3] = "Said otherwise."
    post = press.write(f"/posts/{written.pk}/sections/3/", {"wish": "y"})
    assert (post.pk, post.revision, post.status) == (written.pk, 2, "ready")
    assert forked_from(post) == written.run
    assert post.run.input["instructions"] == [{"section": 3, "text": "y"}]


def test_a_refusal_leaves_the_wish_in_the_form(
    written: Post, as_ada: Client, settings: Any
) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=0)
    response = as_ada.post(f"/posts/{written.pk}/sections/2/", {"wish": "Shorter"})
    assert response.status_code == 422
    assert "Shorter" in response.content.decode()
    assert "as many runs" in response.content.decode()
