"""A blog that says aloud what its worker must keep: `--registry tests.e2e.leaky`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from workflows.blog.flow import write_blog
from workflows.catalog import Brief, Post, Section
from workflows.engine import Failure, Workflow, component, log, publish, status, text, workflow

logger = logging.getLogger(__name__)


def secrets() -> list[str]:
    return list(json.loads(os.environ["TELL"]))


@component(secret="word")
async def login(word: str) -> str:
    """Whose argument is secret from here on."""
    return f"signed in with {word}"


@component
async def tell(said: str) -> dict[str, Any]:
    log(f"It says {said}")
    status(f"It says {said}")
    logger.warning("It says %s", said)
    publish("outline", {"title": said, "sections": [{"heading": said}]})
    publish("source:c1", {"id": "c1", "quote": said, "title": said, "url": "https://a.example"})
    for piece in pieces(said):
        await text("section-1").write(piece)
    return {"said": [said], said: True}


@component
async def stumble(said: str) -> None:
    try:
        raise ValueError(f"It was {said}")
    except ValueError:
        logger.exception("It stumbled")
        raise


def pieces(said: str) -> Iterator[str]:
    """As a model streams: a secret comes in parts."""
    for at in range(0, len(said), 5):
        yield said[at : at + 5]


@workflow("blog", version=write_blog.version)
async def blog(brief: Brief) -> Post:
    *_, named = secrets()
    await login(named)
    for secret in secrets():
        await tell(f"{secret} aloud")
        with suppress(Failure, ValueError):
            await stumble(secret)
    said = " and ".join(secrets())
    if brief.topic == "Fails":
        raise ValueError(said)
    return Post(said, "said", said, f"# {said}\n", (Section(said, said),), (), 9)


REGISTRY: dict[str, Workflow[[Any], Any]] = {"blog": blog}
