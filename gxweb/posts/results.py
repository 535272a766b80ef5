"""From runs to posts: what the projector tells becomes rows, once, however often it is told."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError

from gxweb.posts import words
from gxweb.posts.models import Post
from gxweb.posts.text import Text
from runs import history, signals
from runs.models import Run
from runs.render import sources, texts
from workflows.wire.state import State

WORKFLOW = "blog"
SLUG = 80
INSTRUCTIONS = "instructions"


def listen() -> None:
    signals.run_started.connect(on_start, sender=Run, dispatch_uid="gxweb.posts.start")
    signals.run_finished.connect(on_finish, sender=Run, dispatch_uid="gxweb.posts.finish")


def on_start(run: Run, **_: Any) -> None:
    if run.workflow == WORKFLOW:
        draft(run)


def on_finish(run: Run, **_: Any) -> None:
    if run.workflow != WORKFLOW:
        return
    post = draft(run)
    if post.run_id == run.pk:
        finish(post)


def draft(run: Run) -> Post:
    """The post that a run writes: one that it goes on with, or one of its own, made when there is
    none yet."""
    for _ in range(2):
        known = Post.objects.filter(writings__run=run.pk).first()
        if known is not None:
            return known
        try:
            return _continued(run) or Post.begin(run, str(run.input.get("topic") or "Untitled"))
        except IntegrityError:  # the page and the projector, at the same moment
            continue
    return Post.objects.get(writings__run=run.pk)


def _continued(run: Run) -> Post | None:
    """The post of the run that this one goes on from, if it is to be the same post, and no other
    run goes on with it."""
    old = run.forked_from
    post = None if old is None else Post.objects.filter(writings__run=old).first()
    if old is None or post is None or not post.run.finished or _subject(old) != _subject(run):
        return None
    # What its last run left must be in the post before another goes on: its notice may be late.
    finish(post)
    return post if post.follow(run) else None


def _subject(run: Run) -> dict[str, Any]:
    """What a post is about. How a section is to be written makes no other post of it."""
    return {name: value for name, value in run.input.items() if name != INSTRUCTIONS and value}


def finish(post: Post) -> None:
    """The end of a post's newest run; the ends of those before are in the post already."""
    run = post.run
    if run.status == Run.Status.COMPLETED:
        _finish_whole(post, run.output)
    elif run.finished:
        failed = run.status == Run.Status.FAILED
        _keep(post, Post.Status.FAILED if failed else Post.Status.STOPPED, history.state(run))


def _finish_whole(post: Post, output: Any) -> None:
    """Whatever a worker of another version gives: what is missing is left as it was."""
    told = output if isinstance(output, dict) else {}
    named = (str(told.get(name) or "") for name in ("title", "description", "markdown"))
    title, description, markdown = named
    post.finish(
        Post.Status.READY,
        Text(title or post.title, description, markdown),
        slug=str(told.get("slug") or "post")[:SLUG],
        sources=sources.entries(told.get("sources")),
    )


def _keep(post: Post, status: Post.Status, state: State) -> None:
    """What had been written stays: it can be read, edited and taken away."""
    written = texts.written(state)
    title = texts.title(state) or post.title
    parts = [f"## {heading}\n\n{text}" if heading else text for heading, text in written]
    markdown = "\n\n".join([f"# {title}", *parts]) + "\n" if written else ""
    used = words.cited(markdown)
    kept = [card for card in _cards(state) if card["id"] in used]
    post.finish(status, Text(title, "", markdown), sources=kept)


def _cards(state: State) -> list[dict[str, Any]]:
    names = ("id", "url", "title", "quote")
    found = sources.entries(state.objects.get(sources.CLAIMS))
    return [{name: entry.get(name) for name in names} for entry in found]
