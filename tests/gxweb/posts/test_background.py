"""What a page asks for by itself never puts the door into its midst."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from gxweb.posts.models import Post


@pytest.mark.parametrize("part", ["preview/", "estimate/"])
def test_signed_out_a_page_keeps_what_it_shows(post: Post, part: str) -> None:
    path = f"/posts/{post.pk if part == 'preview/' else 'new'}/{part}"
    by_itself: Any = Client().post(path, headers={"HX-Request": "true"})
    assert (by_itself.status_code, by_itself.content) == (204, b"")
    assert Client().post(path).status_code == 302
