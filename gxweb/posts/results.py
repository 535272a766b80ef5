"""From runs to posts: what the projector tells becomes rows, once, however often it is told."""

from __future__ import annotations

from typing import Any

from gxweb.posts import words
from gxweb.posts.models import Post, Text
from runs import history, signals
from runs.models import Run
from runs.render import sources, texts
from workflows.wire.state import State

WORKFLOW = "blog"
SLUG = 80


def listen() -> None:
    signals.run_started.connect(on_start, sender=Run, dispatch_uid="gxweb.posts.start")
    signals.run_finished.connect(on_finish, sender=Run, dispatch_uid="gxweb.posts.finish")


def on_start(run: Run, **_: Any) -> None:
    if run.workflow == WORKFLOW:
        draft(run)


def on_finish(run: Run, **_: Any) -> None:
    if run.workflow == WORKFLOW:
        finish(draft(run))


def draft(run: Run) -> Post:
    """The post of a run, made when there is none yet."""
    topic = str(run.input.get("topic") or "Untitled")
    defaults = {"owner_id": run.owner_id, "title": topic, "created_at": run.created_at}
    return Post.objects.get_or_create(run=run, defaults=defaults)[0]


def finish(post: Post) -> None:
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
