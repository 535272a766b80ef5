"""Looking at posts: the list, and one post while it is written and when it is done."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from gxweb.posts import languages, rows, sections, words
from gxweb.posts.models import Post
from gxweb.posts.text import Text
from runs import markdown
from runs.models import Run
from runs.render import sources
from runs.views import live_page, private

PER_PAGE = 30
SOON_S = 1  # the row of a run that has just ended comes a moment later


@require_safe
@login_required
@private
def post_list(request: HttpRequest) -> HttpResponse:
    posts = Post.objects.visible_to(request.user).newest()
    page = Paginator(posts, PER_PAGE).get_page(request.GET.get("page"))
    shown = rows.found(posts[PER_PAGE * (page.number - 1) : PER_PAGE * page.number])
    return render(request, "posts/list.html", {"page": page, "rows": shown})


@require_safe
@login_required
@private
def post_page(request: HttpRequest, id: UUID) -> HttpResponse:
    post = get_object_or_404(Post.objects.visible_to(request.user).select_related("run"), pk=id)
    writing = post.writing
    if writing.ended:
        context: dict[str, Any] = {
            "writing": writing,
            "key": uuid4(),
            "parts": _rewritable(post, shown := article(post)),
            **shown,
        }
        return render(request, "posts/post.html", _again(post, context))
    context = live_page(post.run)
    response = render(request, "posts/live.html", _again(post, context))
    if context["state"].ended:
        response["Refresh"] = str(SOON_S)
    return response


def _rewritable(post: Post, shown: dict[str, Any]) -> list[tuple[str, SafeString, int | None]]:
    """Each section with its number in the run, if that can write it anew."""
    known = sections.numbers(post)
    return [(heading, html, known.get(heading)) for heading, html in shown["sections"]]


def _again(post: Post, context: dict[str, Any]) -> dict[str, Any]:
    """What is done again here is done for the post."""
    again = reverse("posts:resumption", args=[post.pk])
    return {"post": post, "run": post.run, "again": again, **context}


@require_safe
@login_required
@private
def of_run(request: HttpRequest, run: UUID) -> HttpResponse:
    """The post that a run has made or is making; the run, if there is none."""
    found = get_object_or_404(Run.objects.visible_to(request.user), pk=run)
    post = Post.objects.visible_to(request.user).filter(writings__run=found).first()
    return redirect("runs:run", run) if post is None else redirect("posts:post", post.pk)


def article(post: Post) -> dict[str, Any]:
    """The finished text as a page shows it: sections, and the cards of its sources."""
    cards = sources.entries(post.sources)
    return {
        "language": languages.code(str(post.run.input.get("language") or "")),
        "sections": read(post.text, frozenset(card["id"] for card in cards)),
        "cards": mark_safe("".join(sources.cards(post.sources))),  # noqa: S308 - from templates
        "cited": len(cards),
    }


def read(told: Text, ids: frozenset[str] = frozenset()) -> list[tuple[str, SafeString]]:
    """Heading and HTML of each section. Only citations of `ids` are links: their cards are on the
    same page."""
    found = words.sections(words.body(told.markdown, told.title))
    return [(one.heading, mark_safe(markdown.whole(one.markdown, ids))) for one in found]  # noqa: S308
