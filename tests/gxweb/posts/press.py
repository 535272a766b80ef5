"""A post from a form to its end, through everything but other processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from redis import Redis

from gxweb.posts.models import Post
from runs import notices
from runs.projector import Projector
from tests.workflows.blog.worlds import Asked, Model
from tests.workflows.engine.house import House
from workflows.blog.flow import write_blog
from workflows.blog.prompts import UNSOURCED
from workflows.llm.openai import open_door
from workflows.wire import log
from workflows.wire.orders import Order

FACTS = ("costs more than wool", "came by sea", "was taxed", "kept fish", "built towns")
NOTES = "\n\n".join(
    f"In the year {year} salt {fact}. The {place} knew that well, and wrote it down with care."
    for year, fact in zip(range(1200, 1700, 100), FACTS, strict=True)
    for place in ("north", "south", "east", "west")
)


class Press:
    """The whole way from a form to a post, with everything but other processes."""

    def __init__(self, client: Client, redis: Redis, url: str, monkeypatch: Any) -> None:
        self.client, self.redis, self.url = client, redis, url
        self.model = Model(self._said)
        self.changed: dict[int, str] = {}  # what the model says of a section, by number
        door = open_door({"GX_OFFLINE_TOKENS_PER_SECOND": "0"}, transport=self.model.transport)
        monkeypatch.setattr("workflows.llm.openai.current_door", lambda: door)

    def _said(self, asked: Asked) -> str | None:
        if asked.form == "edits":
            return '{"edits": []}'
        told = self.changed.get(asked.section) if asked.form == "section" else None
        return told and f"{told}\n\n{UNSOURCED}"  # else it would be asked to cite, once more

    def write(self, path: str, form: dict[str, str]) -> Post:
        """Send a form and let a worker do what it asks for."""
        self.model.asked.clear()
        place = self.client.post(path, form)["Location"]
        post = Post.objects.get(pk=place.split("/")[2])
        run = post.run
        order = Order(str(run.pk), "blog", 1, run.attempt, log.redis_run_id(self.redis))
        asyncio.run(self._work(order))
        projector = Projector(self.redis)
        while projector.poll():
            pass
        notices.tell()
        return Post.objects.get(pk=post.pk)

    async def _work(self, order: Order) -> None:
        async with House(self.url).executor(write_blog) as worker:
            await worker.execute(order)

    def asked(self) -> Counter[str]:
        return Counter(
            f"section {one.section}" if one.form == "section" else one.form
            for one in self.model.asked
        )


@pytest.fixture
def press(as_ada: Client, redis: Redis, redis_url: str, monkeypatch: Any) -> Press:
    return Press(as_ada, redis, redis_url, monkeypatch)


@pytest.fixture
def written(press: Press) -> Post:
    form = {"topic": "The price of salt", "notes": NOTES, "words": "1200"}
    post = press.write("/posts/new/", form)
    assert post.status == "ready", post.run.error_message
    return post
