"""A blog whose runs about poison end their process: `--registry tests.chaos.poison`."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from workflows.blog.flow import write_blog
from workflows.catalog import Brief, Post
from workflows.engine import Workflow, component, workflow


@component
def sting(how: str) -> None:
    if how == "segfault":
        ctypes.string_at(0)
    os._exit(1)


@workflow("blog", version=write_blog.version)
async def blog(brief: Brief) -> Post:
    if brief.topic.startswith("Poison"):
        await sting(brief.topic.removeprefix("Poison: "))
    post: Post = await write_blog.function(brief)
    return post


REGISTRY: dict[str, Workflow[[Any], Any]] = {"blog": blog}
