"""The rows of a list of posts: drawn once for what they say, and anew for anything else."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from gxweb.posts import rows
from gxweb.posts.models import Post
from gxweb.posts.rows import Row
from runs.models import Run

LIVE = {"status": "running", "finished_at": None}
ENDED = {"status": "completed", "finished_at": timezone.now()}
# What a row says for what its post and its run are.
SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "of the other title": ({"title": "of the other title"}, LIVE),
    "412 words": ({"words": 412, "status": "ready"}, ENDED),
    "rewriting": ({"words": 412, "status": "ready"}, LIVE),
    "was silent": ({"status": "failed"}, ENDED | {"error_message": "The model was silent."}),
    ">waiting<": ({}, LIVE | {"status": "waiting"}),
    "Reading · 2/9": (
        {},
        LIVE | {"progress_message": "Reading", "progress_done": 2.0, "progress_total": 9.0},
    ),
}


def of(post: Post) -> str:
    (one,) = rows.found(Post.objects.filter(pk=post.pk))
    return one


@pytest.mark.parametrize("words", SAID)
def test_what_changes_is_told_by_the_next_list(post: Post, words: str) -> None:
    changed, moved = SAID[words]
    Post.objects.filter(pk=post.pk).update(status="writing")
    Run.objects.filter(pk=post.run_id).update(**LIVE)
    assert words not in of(post)
    Post.objects.filter(pk=post.pk).update(**changed)
    Run.objects.filter(pk=post.run_id).update(**moved)
    assert words in of(post)


def test_a_post_that_was_read_gives_the_same_row(post: Post) -> None:
    assert rows.of(Post.objects.select_related("run").get()) == of(post)


def test_equal_rows_are_drawn_once(post: Post) -> None:
    of(post)
    drawn = rows.drawn.cache_info().misses
    of(post)
    assert rows.drawn.cache_info().misses == drawn


def test_a_row_has_a_place_for_each_column() -> None:
    assert len(Row.__dataclass_fields__) == len(rows.COLUMNS)
